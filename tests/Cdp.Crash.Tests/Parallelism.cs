// Children wait for disks and for their ends more than they compute: more of them at once than there are cores.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
