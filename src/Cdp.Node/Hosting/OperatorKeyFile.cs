using Cdp.Gateway.Keys;

namespace Cdp.Node.Hosting;

/// <summary>Where the first key comes from: <c>CDP_ADMIN_KEY</c>, or a file that only its owner can read.</summary>
internal static class OperatorKeyFile
{
    /// <summary>The variable that holds the key.</summary>
    public const string Variable = "CDP_ADMIN_KEY";

    private const string FileName = "operator.key";

    /// <summary>Path of the file in a data directory.</summary>
    public static string PathIn(string dataDirectory) => Path.Combine(Path.GetFullPath(dataDirectory), FileName);

    /// <summary>The key given from outside; null: none.</summary>
    /// <exception cref="SettingException">It is too short.</exception>
    public static string? FromEnvironment(string? value)
    {
        if (string.IsNullOrEmpty(value)) return null;
        return ApiKeys.IsOperatorKey(value)
            ? value
            : throw new SettingException($"{Variable}: give at least {ApiKeys.MinLength} characters that do not begin with \"cdp_\".");
    }

    /// <summary>The key in the file of a data directory; made and written there when absent.</summary>
    public static string ReadOrMake(string dataDirectory)
    {
        var path = PathIn(dataDirectory);
        if (File.Exists(path)) return File.ReadAllText(path).Trim();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var key = ApiKeys.MakeOperatorKey();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(path, options);
        writer.WriteLine(key);
        return key;
    }
}
