using System.Text;
using Cdp.Node.Import.Mapping;
using Cdp.Node.Import.Sources;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Node.Tests.Import;

public sealed class CsvRecordSourceTests
{
    private static readonly string[] Cells = ["", "a", "7\"", "a,b", "\"", "line\nbreak", "\r\n", " padded ", "é€😀", "\"\"", ";"];

    [Fact]
    public void Cells_come_back_as_they_were_written_whatever_their_quoting()
    {
        var row = Gen.ArrayOf(Gen.Elements(Cells), 3).Where(cells => cells.Any(cell => cell.Length > 0));
        var rows = Gen.ArrayOf(row).ToArbitrary();
        var ends = Gen.Elements("\n", "\r\n").ToArbitrary();
        Check.QuickThrowOnFailure(Prop.ForAll(rows, ends, (written, end) =>
        {
            var text = "x,y,z" + end + string.Concat(written.Select(cells => string.Join(',', cells.Select(Quote)) + end));
            var read = Read(text);
            return read.Count == written.Length && read.Zip(written).All(pair => pair.First.Problem is null && pair.First.Cells.SequenceEqual(pair.Second));
        }));
    }

    [Fact]
    public void Lines_are_numbered_as_an_editor_shows_them()
    {
        var read = Read("x,y,z\n1,2,3\n\"a\nb\",2,3\r\n\n4,5,6\n");
        Assert.Equal([2, 3, 6], read.Select(record => (int)record.Line));
        Assert.Equal("\"a\nb\",2,3", read[1].Text);
    }

    [Fact]
    public void Equal_cells_have_equal_hashes_and_moved_borders_have_others()
    {
        var read = Read("x,y,z\nab,c,d\n\"ab\",\"c\",d\na,bc,d\nab,,cd\n");
        Assert.Equal(read[0].Hash, read[1].Hash);
        Assert.Equal(3, read.Select(record => record.Hash).Distinct().Count());
    }

    private static string Quote(string cell) => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static List<SourceRecord> Read(string text)
    {
        var mapping = MappingReader.Read("""{ "format": "csv", "event": { "type": "T", "identifiers": [{ "namespace": "a", "column": "x" }] } }"""u8.ToArray());
        using var source = new CsvRecordSource(new MemoryStream(Encoding.UTF8.GetBytes(text)), mapping);
        source.OpenAsync(CancellationToken.None).GetAwaiter().GetResult();
        return source.ReadAsync(CancellationToken.None).ToBlockingEnumerable().ToList();
    }
}
