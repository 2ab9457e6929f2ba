using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Json;
using Cdp.Node.Tests;
using Cdp.Rpc.Serving.Connect;
using Cdp.Rpc.Tests.Harness;
using Google.Protobuf.WellKnownTypes;

namespace Cdp.Rpc.Tests;

/// <summary>
/// What is JSON and what is not, by others' collections and a small one of our own. Names say what is expected, as in the first of
/// them: <c>y_</c> is to be taken, <c>n_</c> to be refused, <c>i_</c> may be either.
/// </summary>
public sealed class JsonCorpusTests(ProbeServer server) : IClassFixture<ProbeServer>, IDisposable
{
    private static readonly (string Name, string Json)[] Own =
    [
        ("y_object", """{"a":[1,-0,1.5,1e3,1E-2,true,false,null,"x"]}"""), ("y_spaces", " \t\r\n{ } \n"), ("y_string", "\"\""), ("y_number", "-0"), ("y_null", "null"),
        ("y_escapes", """ "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude42" """), ("y_plain_unicode", "\"é🙂\u2028\""), ("y_delete", "\"\u007f\""), ("y_nested", new string('[', 40) + new string(']', 40)),
        ("n_nothing", ""), ("n_spaces", " \n"), ("n_open_object", "{"), ("n_open_array", "[1"), ("n_open_string", "\"a"), ("n_trailing_comma", "[1,]"), ("n_trailing_comma_object", """{"a":1,}"""),
        ("n_two_values", "1 2"), ("n_two_objects", "{}{}"), ("n_comment", "/**/{}"), ("n_line_comment", "{}//"), ("n_single_quotes", "{'a':1}"), ("n_name_without_quotes", "{a:1}"),
        ("n_no_colon", """{"a" 1}"""), ("n_two_colons", """{"a"::1}"""), ("n_no_value", """{"a":}"""), ("n_no_comma", "[1 2]"), ("n_wrong_end", "[1}"), ("n_lone_end", "]"),
        ("n_leading_zero", "01"), ("n_plus", "+1"), ("n_point_first", ".5"), ("n_point_last", "5."), ("n_minus_alone", "-"), ("n_exponent_alone", "1e"), ("n_hex", "0x1"), ("n_NaN", "NaN"), ("n_Infinity", "-Infinity"),
        ("n_capital_true", "True"), ("n_cut_true", "tru"), ("n_full_width_digit", "１"), ("n_tab_in_string", "\"\t\""), ("n_newline_in_string", "\"\n\""), ("n_nul", "\"\0\""),
        ("n_bad_escape", """ "\x41" """), ("n_short_escape", """ "\u12" """), ("n_escape_at_end", "\"\\"), ("n_byte_order_mark_inside", "{\uFEFF}"), ("n_no_break_space", "\u00a0{}"),
        ("n_deep", new string('[', 100_000)), ("n_deep_objects", string.Concat(Enumerable.Repeat("{\"a\":", 50_000))),
        ("i_lone_surrogate", """ "\ud800" """), ("i_huge_exponent", "1e9999"), ("i_huge_number", new string('9', 5000)), ("i_byte_order_mark", "\uFEFF{}"), ("i_name_twice", """{"a":1,"a":2}"""),
        ("i_deep_and_closed", new string('[', 5_000) + new string(']', 5_000)),
    ];

    private readonly HttpClient _http = new() { BaseAddress = server.HttpAddress };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_small_collection_of_our_own()
    {
        await CheckAsync([.. Own.Select(example => (example.Name, Encoding.UTF8.GetBytes(example.Json)))]);
        await CheckAsync([("n_overlong_slash", [(byte)'"', 0xC0, 0xAF, (byte)'"']), ("n_surrogate_in_UTF_8", [(byte)'"', 0xED, 0xA0, 0x80, (byte)'"']), ("n_cut_UTF_8", [(byte)'"', 0xE2, 0x82]), ("n_UTF_16", [0xFF, 0xFE, (byte)'{', 0, (byte)'}', 0])]);
    }

    [Fact]
    public async Task The_parsing_tests_of_JSONTestSuite()
    {
        var folder = Repository.Data("json");
        if (!Directory.Exists(folder)) Assert.Skip($"The public data is not there: {folder}. It holds the files of test_parsing of github.com/nst/JSONTestSuite (MIT); set CDP_DATA to the folder above it.");
        var files = Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal).Select(path => (Path.GetFileNameWithoutExtension(path), File.ReadAllBytes(path))).ToList();
        Assert.True(files.Count > 300);

        await CheckAsync(files);
    }

    [Theory]
    [InlineData("segment_docs.jsonl", "y")]
    [InlineData("segment_docs_malformed.jsonl", "n")]
    public async Task Events_as_people_write_them(string file, string expected)
    {
        var path = Repository.Data($"events/{file}");
        if (!File.Exists(path)) Assert.Skip($"The public data is not there: {path}. Set CDP_DATA to the folder that holds events/.");
        var examples = new List<(string, byte[])>();
        foreach (var line in await File.ReadAllLinesAsync(path, Cancel))
        {
            using var json = JsonDocument.Parse(line);
            var example = json.RootElement;
            var text = expected == "n" ? example.GetProperty("raw").GetString()! : example.GetProperty("event").GetRawText();
            examples.Add(($"{expected}_{example.GetProperty("source").GetString()}", Encoding.UTF8.GetBytes(text)));
        }

        Assert.NotEmpty(examples);
        await CheckAsync(examples);
    }

    /// <summary>Reads each as any JSON, and sends it as a message, which it is not: that has to be said with a reason.</summary>
    private async Task CheckAsync(IReadOnlyCollection<(string Name, byte[] Json)> examples)
    {
        var anything = new JsonMessages(Value.Descriptor);
        var wrong = new List<string>();
        foreach (var (name, json) in examples)
        {
            if (Takes(anything, json) != (name[0] == 'y') && name[0] != 'i') wrong.Add(name);
            using var content = new ByteArrayContent(json);
            content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            using var reply = await _http.PostAsync("/probe.v1.Probe/Echo", content, Cancel);
            if (reply.StatusCode == HttpStatusCode.OK) continue;
            using var error = JsonDocument.Parse(await reply.Content.ReadAsByteArrayAsync(Cancel));
            Assert.Equal((name, HttpStatusCode.BadRequest), (name, reply.StatusCode));
            Assert.Equal("REQUEST_MALFORMED", error.RootElement.GetProperty("details")[0].GetProperty("debug").GetProperty("reason").GetString());
        }

        Assert.Empty(wrong);
        Assert.Empty(server.Log.Errors);
    }

    private static bool Takes(JsonMessages messages, byte[] json)
    {
        try
        {
            messages.ToProtobuf(new ReadOnlySequence<byte>(json));
            return true;
        }
        catch (RpcException)
        {
            return false;
        }
    }
}
