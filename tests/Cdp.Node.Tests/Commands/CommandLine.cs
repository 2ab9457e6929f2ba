using System.Text;
using Cdp.Node.Commands;

namespace Cdp.Node.Tests.Commands;

/// <summary>Runs command lines against a server in memory.</summary>
internal sealed class CommandLine : IDisposable
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public FakeApi Api { get; } = new();

    public SteppingTime Time { get; } = new();

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal) { ["CDP_KEY"] = "from-variable" };

    public string Input { get; set; } = "";

    public ServerAddress? Connected { get; private set; }

    public string Out => _out.ToString().ReplaceLineEndings("\n");

    public string Error => _error.ToString().ReplaceLineEndings("\n");

    public void Dispose()
    {
        _out.Dispose();
        _error.Dispose();
        Api.Dispose();
    }

    public Task<int> RunAsync(params string[] args)
    {
        _out.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        var context = new CommandContext
        {
            Out = _out,
            Error = _error,
            OpenInput = () => new MemoryStream(Encoding.UTF8.GetBytes(Input)),
            Variable = Variables.GetValueOrDefault,
            Time = Time,
            Connect = address =>
            {
                Connected = address;
                return Api;
            },
        };
        return CommandRunner.RunAsync(RootCommandFactory.Create(context, CopyCommand.Create(context), VerifyCommand.Create(context), RestoreCommand.Create(context)), context, args, TestContext.Current.CancellationToken);
    }
}
