using Cdp.Node.Import.Mapping;
using Cdp.Node.Import.Sources;
using Cdp.V1;

namespace Cdp.Node.Import;

/// <summary>Makes typed values from the cells of a line or group.</summary>
internal sealed class FieldMapper
{
    private readonly IReadOnlyDictionary<string, int> _columns;
    private readonly TimeSpan _shift;

    public FieldMapper(IReadOnlyDictionary<string, int> columns, TimeSpan shift)
    {
        _columns = columns;
        _shift = shift;
    }

    /// <summary>Adds the values of all fields; an empty cell adds none.</summary>
    /// <exception cref="RejectedException">A cell does not hold what the mapping says.</exception>
    public void Fill(IDictionary<string, Value> target, IReadOnlyList<FieldMapping> fields, IReadOnlyList<SourceRecord> records)
    {
        foreach (var field in fields)
        {
            if (Read(field, records) is { } value)
                target[field.Name] = value;
        }
    }

    /// <summary>The value of one field; null where its cell is empty.</summary>
    /// <exception cref="RejectedException">A cell does not hold what the mapping says.</exception>
    public Value? Read(FieldMapping field, IReadOnlyList<SourceRecord> records)
    {
        var first = records[0];
        if (field.SumOf is not null)
            return Number(field, Sum(field.SumOf, records), first);
        var text = (field.Constant ?? Cell(first, field.Column!)).Trim();
        if (text.Length == 0)
        {
            return field.Required
                ? throw new RejectedException(Rejection.EmptyCell, field.Column!, $"The cell \"{field.Column}\" is empty and \"{field.Name}\" is required; fill it in.")
                : null;
        }

        return field.Type switch
        {
            CellType.String => new Value { StringValue = text },
            CellType.Bool => new Value { BoolValue = CellReader.Bool(text) ?? throw Bad(Rejection.BadBool, field, text, "true or false") },
            CellType.Timestamp => new Value
            {
                TimestampValue = CellReader.ToTimestamp(
                    (CellReader.Time(text, field.Time!) ?? throw Bad(Rejection.BadTime, field, text, $"a time of the format \"{field.Time!.Format}\"")) + _shift),
            },
            _ => Number(field, ParseNumber(text, field.Column ?? field.Name), first),
        };
    }

    private Value Number(FieldMapping field, decimal number, SourceRecord first)
    {
        if (field.NegateWhen is { } when && when.Holds(Cell(first, when.Column)))
            number = -number;
        return field.Type switch
        {
            CellType.Int when decimal.Truncate(number) != number => throw Bad(Rejection.BadNumber, field, CellReader.PlainDecimal(number), "a whole number"),
            CellType.Int => new Value { IntValue = (long)number },
            CellType.Money => new Value { MoneyValue = new Money { CurrencyCode = Currency(field, first), Amount = CellReader.PlainAmount(number) } },
            _ => new Value { DecimalValue = CellReader.PlainDecimal(number) },
        };
    }

    private decimal Sum(IReadOnlyList<string> factors, IReadOnlyList<SourceRecord> records)
    {
        try
        {
            var sum = 0m;
            foreach (var record in records)
            {
                var product = 1m;
                foreach (var column in factors)
                    product *= ParseNumber(Cell(record, column), column);
                sum += product;
            }

            return CellReader.Fits(sum) ? sum : throw TooPrecise();
        }
        catch (OverflowException)
        {
            throw TooPrecise();
        }

        RejectedException TooPrecise() => new(
            Rejection.BadNumber, factors[0], $"The sum over {string.Join(" × ", factors)} needs more than 15 digits before the point or 9 after it.");
    }

    private string Currency(FieldMapping field, SourceRecord first)
    {
        var code = field.Currency!.Constant ?? Cell(first, field.Currency.Column!).Trim();
        return code.Length == 3 && code.All(char.IsAsciiLetterUpper)
            ? code
            : throw new RejectedException(Rejection.BadCurrency, field.Currency.Column!, $"\"{code}\" is not a currency; write its ISO 4217 code, e.g. \"GBP\".");
    }

    private string Cell(SourceRecord record, string column) => record.Cells[_columns[column]];

    private static decimal ParseNumber(string text, string column) => CellReader.Number(text) ?? throw new RejectedException(
        Rejection.BadNumber, column, $"\"{text.Trim()}\" in \"{column}\" is not a number of at most 15 digits before a point and 9 after it.");

    private static RejectedException Bad(string reason, FieldMapping field, string text, string expected) =>
        new(reason, field.Column ?? field.Name, $"\"{text}\" in \"{field.Column ?? field.Name}\" is not {expected}.");
}
