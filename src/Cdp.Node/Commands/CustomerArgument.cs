using System.CommandLine;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary>The argument and options with which a command names and reads one customer.</summary>
internal sealed class CustomerArgument
{
    private readonly Argument<string> _customer = new("customer")
    {
        Description = "NAMESPACE:VALUE of one of the customer's identifiers, e.g. email:ann@example.org, or the customer's id.",
        HelpName = "NAMESPACE:VALUE|ID",
    };

    private readonly Option<string?> _purpose = new("--purpose") { Description = "Declared purpose of the read; default: the key's.", HelpName = "PURPOSE" };
    private readonly Option<string?> _after = new("--after") { Description = "Token of a publish or import whose effect must be visible.", HelpName = "TOKEN" };

    public CustomerArgument(Command command)
    {
        command.Arguments.Add(_customer);
        command.Options.Add(_purpose);
        command.Options.Add(_after);
    }

    public string Purpose(ParseResult parsed) => parsed.GetValue(_purpose) ?? "";

    public string AfterToken(ParseResult parsed) => parsed.GetValue(_after) ?? "";

    public CustomerRef Customer(ParseResult parsed) => Read(parsed.GetRequiredValue(_customer));

    /// <summary>The customer that a text names.</summary>
    /// <exception cref="CommandException">It names none.</exception>
    public static CustomerRef Read(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return new CustomerRef { CustomerId = text };
        if (colon == 0 || colon == text.Length - 1)
            throw new CommandException($"\"{text}\" names no customer; write NAMESPACE:VALUE, e.g. email:ann@example.org, or a customer's id.");
        return new CustomerRef { Identifier = new Identifier { Namespace = text[..colon], Value = text[(colon + 1)..] } };
    }
}
