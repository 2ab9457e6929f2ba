using Cdp.Domain.Tests.Identity;
using Cdp.Grains.Identities;
using Cdp.Grains.Ports;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.StorageContract;
using Cdp.V1;
using static Cdp.Domain.Tests.Identity.IdentityWorld;

namespace Cdp.Grains.Tests.Identities;

public sealed class IdentityGrainTests
{
    private readonly IdentityHarness _tenant = new(IdentityWorld.Config());

    [Fact]
    public async Task An_answer_is_that_of_the_decider_and_stands_in_the_record()
    {
        var world = new IdentityWorld(_tenant.Config);
        foreach (var question in new[] { Question(Id("device", "d")), Question(Id("user_id", "u"), Id("device", "d")), Question(Id("user_id", "v"), Id("device", "d")) })
        {
            Assert.Equal(world.Ask(question), await _tenant.AskAsync(question));
        }

        Assert.Equal(world.Record, await _tenant.RecordAsync());
    }

    [Fact]
    public async Task A_batch_is_decided_in_order_and_appended_once()
    {
        await _tenant.AskAsync(Question(Id("device", "d")), Question(Id("user_id", "u"), Id("device", "d")), Question(Id("email", "e"), Id("device", "d")));
        Assert.Single(await _tenant.MemoryHistory.ReadAsync(GrainCatalog.IdentityRecordKey("shop"), 0, int.MaxValue, CancellationToken.None));
        Assert.Single((await _tenant.RecordAsync()).Where(d => d.Merged is null && d.Minted is not null), d => d.Minted.Identifier.Value == "d");
    }

    [Fact]
    public async Task A_minted_customer_is_in_the_index_before_the_reply_and_the_step_is_told()
    {
        var answer = await _tenant.AskAsync(Id("device", "d"));
        Assert.Equal([answer.Customer], await _tenant.IndexedAsync());
        Assert.Equal([RecoverySteps.IdentityRecorded], _tenant.Steps.Names);
    }

    [Fact]
    public async Task A_question_without_identifiers_is_a_bug_and_harms_nobody()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _tenant.AskAsync(Question()));
        Assert.NotEmpty((await _tenant.AskAsync(Id("device", "d"))).Customer);
    }

    [Fact]
    public async Task Replies_wait_for_their_append_and_for_all_before_it()
    {
        var gate = new GatedHistory(_tenant.MemoryHistory);
        var tenant = new IdentityHarness(_tenant.Config) { History = gate };
        var activation = await tenant.GetAsync();
        var first = activation.Call(g => g.Decide(Of(Question(Id("device", "a"))), CancellationToken.None));
        var second = activation.Call(g => g.Decide(Of(Question(Id("device", "b"))), CancellationToken.None));
        var followsFirst = activation.Call(g => g.Decide(Of(Question(Id("device", "a"))), CancellationToken.None));

        // A turn behind the three: all were decided, one append is under way and not the next, nobody has a reply.
        await activation.Call(_ => new ValueTask<bool>(true));
        Assert.Equal(1, gate.Waiting);
        Assert.False(first.IsCompleted || second.IsCompleted || followsFirst.IsCompleted);

        gate.ReleaseNext();
        await first;
        await activation.Call(_ => new ValueTask<bool>(true));
        Assert.Equal(1, gate.Waiting);
        Assert.False(second.IsCompleted);
        gate.ReleaseNext();
        Assert.Equal((await first).Answers, (await followsFirst).Answers);
        Assert.NotEqual((await first).Answers[0].Customer, (await second).Answers[0].Customer);
    }

    [Fact]
    public async Task After_a_failed_append_everything_after_it_fails_and_the_activation_gives_itself_up()
    {
        var gate = new GatedHistory(_tenant.MemoryHistory);
        var tenant = new IdentityHarness(_tenant.Config) { History = gate };
        var activation = await tenant.GetAsync();
        var first = activation.Call(g => g.Decide(Of(Question(Id("device", "a"))), CancellationToken.None));
        var second = activation.Call(g => g.Decide(Of(Question(Id("device", "b"))), CancellationToken.None));
        await activation.Call(_ => new ValueTask<bool>(true));

        gate.FailNext();
        await Assert.ThrowsAsync<IOException>(() => first);
        await Assert.ThrowsAnyAsync<IOException>(() => second);
        Assert.True(activation.Abandoned);
        await Assert.ThrowsAsync<IdentityRecordException>(() => activation.Call(g => g.Decide(Of(Question(Id("device", "c"))), CancellationToken.None)));
        Assert.Equal(0, gate.Waiting);
    }

    [Fact]
    public async Task Nothing_follows_an_append_in_whose_place_another_writers_came_though_the_length_fits()
    {
        var gate = new GatedHistory(_tenant.MemoryHistory);
        var overtaken = await new IdentityHarness(_tenant.Config) { History = gate }.GetAsync();
        var first = overtaken.Call(g => g.Decide(Of(Question(Id("device", "a"))), CancellationToken.None));
        var second = overtaken.Call(g => g.Decide(Of(Question(Id("device", "a"), Id("email", "e"))), CancellationToken.None));
        await overtaken.Call(_ => new ValueTask<bool>(true));
        var other = await _tenant.AskAsync(Id("device", "somebody else"));

        while (gate.Waiting > 0)
        {
            gate.ReleaseNext();
            await overtaken.Call(_ => new ValueTask<bool>(true));
        }

        await Assert.ThrowsAsync<IdentityRecordException>(() => first);
        await Assert.ThrowsAsync<IdentityRecordException>(() => second);
        Assert.Equal(other.Customer, Assert.Single(await _tenant.RecordAsync()).Minted.Customer);
    }

    [Fact]
    public async Task Rows_are_not_written_before_their_decisions_are_durable()
    {
        var gate = new GatedHistory(_tenant.MemoryHistory);
        var tenant = new IdentityHarness(_tenant.Config) { History = gate, Options = new IdentityOptions { FlushAt = 1 } };
        var activation = await tenant.GetAsync();
        var answer = activation.Call(g => g.Decide(Of(Question(Id("device", "a"))), CancellationToken.None));
        await activation.Call(_ => new ValueTask<bool>(true));
        Assert.False((await MarkAsync()).Exists);
        Assert.False((await tenant.MemoryStates.ReadAsync("identity-node", $"shop/{Id("device", "a").Key}", CancellationToken.None)).Exists);

        gate.ReleaseNext();
        await answer;
        await activation.StopAsync();
        Assert.Equal(1, IdentityMark.Parser.ParseFrom((await MarkAsync()).Value.Span).Sequence);

        ValueTask<StateRow> MarkAsync() => tenant.MemoryStates.ReadAsync("identity-mark", "shop", CancellationToken.None);
    }

    [Fact]
    public async Task Of_two_activations_the_one_that_was_overtaken_drops_itself_and_its_successor_agrees()
    {
        var old = await _tenant.ActivateAsync();
        var answer = await _tenant.AskAsync(Id("device", "d"));
        await Assert.ThrowsAsync<IdentityRecordException>(() => old.Call(g => g.Decide(Of(Question(Id("email", "e"))), CancellationToken.None)));
        Assert.True(old.Abandoned);

        _tenant.Drop();
        Assert.Equal(answer, await _tenant.AskAsync(Id("device", "d")));
        Assert.Single(await _tenant.RecordAsync());
    }

    [Fact]
    public async Task Rows_of_an_overtaken_activation_do_not_replace_newer_ones()
    {
        var cramped = new IdentityHarness(_tenant.Config) { Options = new IdentityOptions { FlushAt = 1_000 } };
        await cramped.AskAsync(Id("user_id", "u"), Id("device", "d0"));
        var overtaken = await cramped.GetAsync();
        cramped.Drop();
        await cramped.AskAsync(Id("user_id", "u"), Id("device", "d1"));
        await (await cramped.GetAsync()).StopAsync();
        await overtaken.StopAsync();

        cramped.Drop();
        var customer = (await cramped.AskAsync(Id("device", "d1"))).Customer;
        Assert.Equal(3, (await cramped.DescribeAsync(customer)).Facts.Count);
        Assert.Equal(3, (await cramped.RecordAsync()).Count);
    }

    [Fact]
    public async Task Memory_is_bounded_whatever_the_number_of_identifiers()
    {
        var tenant = new IdentityHarness(_tenant.Config) { Options = new IdentityOptions { Nodes = 50, Groups = 40, Refusals = 30, FactPages = 5, FlushAt = 64 } };
        var first = await tenant.AskAsync(Id("user_id", "u0"), Id("device", "d0"));
        for (var i = 0; i < 2_000; i++) await tenant.AskAsync(Id("user_id", $"u{i}"), Id("device", $"d{i % 70}"));

        var grain = (await tenant.GetAsync()).Grain;
        Assert.InRange(grain.RowsInMemory, 1, 50 + 40 + 30 + 5 + 64 + 10);
        Assert.Equal(first.Customer, (await tenant.AskAsync(Id("device", "d0"))).Customer);
    }

    [Fact]
    public async Task That_two_newcomers_were_never_refused_is_not_remembered()
    {
        for (var i = 0; i < 100; i++) await _tenant.AskAsync(Id("user_id", $"u{i}"), Id("device", $"d{i}"));

        // A customer and its two identifiers.
        Assert.Equal(3 * 100, (await _tenant.GetAsync()).Grain.RowsInMemory);
    }

    [Fact]
    public async Task Without_its_rows_the_record_gives_the_same_answers_and_index()
    {
        var questions = Enumerable.Range(0, 40).Select(i => Question(Id("user_id", $"u{i % 7}"), Id("email", $"e{i % 13}"), Id("device", $"d{i % 5}"))).ToList();
        foreach (var question in questions) await _tenant.AskAsync(question);
        await (await _tenant.GetAsync()).StopAsync();
        var answers = new List<IdentityAnswer>();
        foreach (var question in questions) answers.Add(await _tenant.AskAsync(question));
        var indexed = await _tenant.IndexedAsync();
        var decided = (await _tenant.RecordAsync()).Count;

        _tenant.DropRows();
        foreach (var customer in indexed) await _tenant.MemoryIndex.RemoveAsync(IdentityHarness.Tenant, customer, CancellationToken.None);
        _tenant.Drop();
        for (var i = 0; i < questions.Count; i++) Assert.Equal(answers[i], await _tenant.AskAsync(questions[i]));
        Assert.Equal(indexed, await _tenant.IndexedAsync());
        Assert.Equal(decided, (await _tenant.RecordAsync()).Count);
    }

    [Fact]
    public async Task A_record_shorter_than_its_rows_is_reported_instead_of_continued()
    {
        await _tenant.AskAsync(Id("device", "d"));
        await (await _tenant.GetAsync()).StopAsync();
        await _tenant.MemoryHistory.DeleteAsync(GrainCatalog.IdentityRecordKey("shop"), CancellationToken.None);
        await Assert.ThrowsAsync<InvalidDataException>(_tenant.ActivateAsync);
    }

    [Fact]
    public async Task While_rows_cannot_be_written_decisions_go_on_until_memory_would_not_be_bounded()
    {
        var tenant = new IdentityHarness(_tenant.Config) { Options = new IdentityOptions { FlushAt = 4, WaitAt = 40 } };
        await tenant.AskAsync(Id("device", "first"));
        tenant.MemoryStates.Broken = true;
        await Assert.ThrowsAnyAsync<IOException>(() => tenant.AskAsync(Id("device", "second")));
        tenant.MemoryStates.Broken = false;

        var blocked = new WriteBlockedStore(tenant.MemoryStates);
        var limited = new IdentityHarness(_tenant.Config) { States = blocked, Options = tenant.Options };
        blocked.Broken = true;
        var answered = 0;
        var failure = await Assert.ThrowsAsync<IOException>(async () =>
        {
            for (; answered < 1_000; answered++) await limited.AskAsync(Id("device", $"d{answered}"));
        });
        Assert.IsType<IOException>(failure.InnerException);
        Assert.InRange(answered, 10, 60);

        blocked.Broken = false;
        Assert.NotEmpty((await limited.AskAsync(Id("device", "after"))).Customer);
    }

    [Fact]
    public async Task Confirm_knows_what_was_minted_and_where_it_went()
    {
        var older = await _tenant.AskAsync(Id("device", "a"));
        var younger = await _tenant.AskAsync(Id("device", "b"));
        await _tenant.AskAsync(Id("device", "a"), Id("device", "b"));

        var gone = await _tenant.ConfirmAsync(younger.Customer);
        Assert.Equal((true, 1L, older.Customer), (gone.Minted, gone.MintedSequence, gone.MergedInto));
        Assert.Equal(older.MintedAt, gone.MintedAt);
        Assert.Equal("", (await _tenant.ConfirmAsync(older.Customer)).MergedInto);
        Assert.False((await _tenant.ConfirmAsync("cnobody")).Minted);
    }

    [Fact]
    public async Task An_activation_that_another_one_overtook_calls_nobody_unknown()
    {
        var overtaken = await _tenant.ActivateAsync();
        var minted = await _tenant.AskAsync(Id("device", "a"));

        var request = new ConfirmCustomerRequest { Customer = minted.Customer };
        await Assert.ThrowsAsync<OwnershipLostException>(() => overtaken.Call(grain => grain.Confirm(request, CancellationToken.None)));

        Assert.True(overtaken.Abandoned);
        Assert.True((await _tenant.ConfirmAsync(minted.Customer)).Minted);
        Assert.False((await _tenant.ConfirmAsync("cnobody")).Minted);
    }

    [Fact]
    public async Task Nor_does_it_answer_who_knows_that_more_was_decided()
    {
        var (first, second) = (await _tenant.AskAsync(Id("device", "a")), await _tenant.AskAsync(Id("device", "b")));
        await (await _tenant.GetAsync()).StopAsync();
        var overtaken = await _tenant.ActivateAsync();
        await _tenant.AskAsync(Id("device", "a"), Id("device", "b"));

        foreach (var customer in new[] { first.Customer, second.Customer })
        {
            var confirm = new ConfirmCustomerRequest { Customer = customer, Newest = true };
            await Assert.ThrowsAsync<OwnershipLostException>(() => overtaken.Call(grain => grain.Confirm(confirm, CancellationToken.None)));
            var describe = new DescribeGroupRequest { Customer = customer, Newest = true };
            await Assert.ThrowsAsync<OwnershipLostException>(() => overtaken.Call(grain => grain.Describe(describe, CancellationToken.None)));
        }
    }

    [Fact]
    public async Task Describe_lists_the_facts_of_a_customer_and_of_those_merged_into_it_in_the_order_of_decision()
    {
        var older = await _tenant.AskAsync(Id("device", "a"));
        await _tenant.AskAsync(Id("email", "x"), Id("device", "b"));
        await _tenant.AskAsync(Id("email", "x"), Id("device", "a"));
        await _tenant.AskAsync(Id("user_id", "u"), Id("device", "a"));
        await _tenant.AskAsync(Id("user_id", "v"), Id("device", "a"));

        var former = (await _tenant.RecordAsync()).First(d => d.Merged is not null).Merged.Loser;
        var group = await _tenant.DescribeAsync(former);
        Assert.Equal((true, older.Customer), (group.Found, group.Customer));
        Assert.Equal(2, group.Former.Count);
        Assert.Contains(former, group.Former);
        Assert.Equal(
            [IdentityFact.FactOneofCase.Minted, IdentityFact.FactOneofCase.Minted, IdentityFact.FactOneofCase.Linked, IdentityFact.FactOneofCase.Merged, IdentityFact.FactOneofCase.Minted, IdentityFact.FactOneofCase.Merged],
            group.Facts.Select(f => f.FactCase));
        Assert.Equal([0, 1, 2, 3, 4, 5], group.Facts.Select(f => f.Sequence));
        Assert.Equal("e", group.Facts[0].Evidence.EventId);

        var other = await _tenant.DescribeAsync((await _tenant.AskAsync(Id("user_id", "v"))).Customer);
        var refused = Assert.Single(other.Facts, f => f.Refused is not null).Refused;
        Assert.Equal(("user_id", 1, "a", "v"), (refused.Namespace, refused.Limit, refused.Identifier.Value, refused.With.Value));
        Assert.False((await _tenant.DescribeAsync("cnobody")).Found);
    }

    [Fact]
    public async Task Describe_pages_through_more_facts_than_a_row_holds_also_after_a_restart()
    {
        for (var i = 0; i < 700; i++) await _tenant.AskAsync(Id("user_id", "u"), Id("order_id", $"o{i}"));
        var customer = (await _tenant.AskAsync(Id("user_id", "u"))).Customer;
        Assert.Equal(Enumerable.Range(0, 701).Select(i => (long)i), await AllFactsAsync());

        await (await _tenant.GetAsync()).StopAsync();
        _tenant.Drop();
        Assert.Equal(Enumerable.Range(0, 701).Select(i => (long)i), await AllFactsAsync());

        async Task<List<long>> AllFactsAsync()
        {
            var sequences = new List<long>();
            var token = "";
            do
            {
                var page = await _tenant.DescribeAsync(customer, 300, token);
                sequences.AddRange(page.Facts.Select(f => f.Sequence));
                token = page.NextPageToken;
            }
            while (token.Length > 0);
            return sequences;
        }
    }

    private static DecideIdentityRequest Of(params IdentityQuestion[] questions) => new() { Questions = { questions } };

    /// <summary>Reads, but refuses to write while broken.</summary>
    private sealed class WriteBlockedStore(MemoryStateStore inner) : IStateStore
    {
        public bool Broken { get; set; }

        public ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken) => inner.ReadAsync(kind, key, cancellationToken);

        public ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken) =>
            Broken ? throw new IOException("The disk is full.") : inner.WriteAsync(kind, key, value, expectedTag, cancellationToken);

        public ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken) =>
            inner.ClearAsync(kind, key, expectedTag, cancellationToken);
    }
}
