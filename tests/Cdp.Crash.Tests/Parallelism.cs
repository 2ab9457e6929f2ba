// Each child waits for its disk again and again; while it does, another computes.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
