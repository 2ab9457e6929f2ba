using System.CommandLine;
using Cdp.Domain.Expressions;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands.Segments;

/// <summary><c>cdp segment check</c>: compiles conditions as a server would, without one.</summary>
internal static class SegmentCheckCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("check", "Checks a condition, without a server: shows it in canonical form with what it reads, or all that is wrong.");
        var expression = new Argument<string?>("expression") { Description = "The condition, e.g. 'orders.count >= 3'.", HelpName = "EXPRESSION", Arity = ArgumentArity.ZeroOrOne };
        command.Arguments.Add(expression);
        var file = new DefinitionFile<Segment>(command, "segment", expression);
        var json = JsonOption.AddTo(command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var segments = await file.ReadAsync(context, parsed, cancel) ?? [new Segment { Expression = parsed.GetRequiredValue(expression) }];
            var results = segments.Select(Check).ToList();
            if (parsed.GetValue(json))
            {
                await context.Out.WriteAsync(CheckText.WriteJson(results));
            }
            else
            {
                await context.Out.WriteAsync(CheckText.Write(results));
                await context.Error.WriteAsync(CheckText.WriteErrors(results));
            }

            return results.TrueForAll(result => result.Condition is not null) ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }

    private static CheckedCondition Check(Segment segment) =>
        new(segment.Id, CompiledExpression.Compile(segment.Expression, ExpressionUse.Segment, out var errors), errors);
}
