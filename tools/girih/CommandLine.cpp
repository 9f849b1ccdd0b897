#include "tools/girih/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace girih::tool {

int fail(const Twine &message) {
  errs() << "error: " << message << "\n";
  return 1;
}

Option flag(StringRef name, StringRef help, bool &value) {
  return {name.str(), "", help.str(), [&value](StringRef) {
            value = true;
            return std::string();
          }};
}

Option text(StringRef name, StringRef valueName, StringRef help, std::string &value) {
  return {name.str(), valueName.str(), help.str(), [&value](StringRef s) {
            value = s.str();
            return std::string();
          }};
}

Option integer(StringRef name, StringRef valueName, StringRef help, int64_t &value, int64_t min,
               int64_t max) {
  return {
      name.str(), valueName.str(), help.str(), [&value, min, max](StringRef s) -> std::string {
        int64_t v;
        if (s.getAsInteger(10, v) || v < min || v > max)
          return ("expected an integer from " + Twine(min) + " to " + Twine(max) + ", got '" + s + "'").str();
        value = v;
        return "";
      }};
}

Option list(StringRef name, StringRef valueName, StringRef help, std::vector<std::string> &values) {
  return {name.str(), valueName.str(), help.str(), [&values](StringRef s) {
            values.push_back(s.str());
            return std::string();
          }};
}

Option hidden(Option option) {
  option.hidden = true;
  return option;
}

/// `-o OUT`, `--cpu=NAME`, `--json`.
static std::string spelling(const Option &o) {
  if (o.valueName.empty()) return o.name;
  return o.name + (StringRef(o.name).starts_with("--") ? "=" : " ") + o.valueName;
}

static void printHelp(const Page &page, ArrayRef<Option> options) {
  raw_ostream &os = outs();
  os << "usage: girih " << page.command << " " << page.synopsis << "\n\n"
     << page.description << "\n\noptions:\n";
  size_t width = StringRef("-h, --help").size();
  for (const Option &o : options)
    if (!o.hidden) width = std::max(width, spelling(o).size());
  auto line = [&](StringRef name, StringRef help) {
    SmallVector<StringRef> lines;
    help.split(lines, '\n');
    os << "  " << left_justify(name, width) << "  " << lines[0] << "\n";
    for (StringRef more : ArrayRef(lines).drop_front())
      os.indent(width + 4) << more << "\n";
  };
  for (const Option &o : options)
    if (!o.hidden) line(spelling(o), o.help);
  line("-h, --help", "print this page");
  os << "\nexamples:\n" << page.examples;
}

/// The option whose name is nearest to a mistyped one, for "did you mean".
static const Option *nearest(ArrayRef<Option> options, StringRef name) {
  const Option *best = nullptr;
  unsigned bestDistance = 3;
  for (const Option &o : options) {
    unsigned d = name.edit_distance(o.name, true, bestDistance);
    if (!o.hidden && d < bestDistance) best = &o, bestDistance = d;
  }
  return best;
}

std::optional<int> parseArguments(const Page &page, ArrayRef<Option> options, ArrayRef<const char *> args,
                                  SmallVectorImpl<std::string> &positional) {
  std::string help = ("; see 'girih " + page.command + " --help'").str();
  for (size_t i = 0; i < args.size(); ++i) {
    StringRef arg = args[i];
    if (arg == "--") {
      for (const char *rest : args.drop_front(i + 1))
        positional.push_back(rest);
      break;
    }
    if (arg == "-h" || arg == "--help") {
      printHelp(page, options);
      return 0;
    }
    if (!arg.starts_with("-") || arg == "-") {
      positional.push_back(arg.str());
      continue;
    }
    auto [name, value] = arg.split('=');
    bool inlineValue = name.size() != arg.size();
    const Option *option = find_if(options, [&](const Option &o) { return o.name == name; });
    if (option == options.end() && arg.size() > 2 && arg[1] != '-') { // -j4
      option = find_if(options,
                       [&](const Option &o) { return !o.valueName.empty() && o.name == arg.take_front(2); });
      value = arg.drop_front(2), inlineValue = true;
    }
    if (option == options.end()) {
      const Option *guess = nearest(options, name);
      return fail("unknown option '" + name + "'" + (guess ? "; did you mean '" + guess->name + "'?" : help));
    }
    if (option->valueName.empty() && inlineValue)
      return fail("option '" + option->name + "' takes no value, got '" + value + "'");
    if (!option->valueName.empty() && !inlineValue) {
      if (i + 1 == args.size())
        return fail("option '" + option->name + "' needs a value: " + spelling(*option));
      value = args[++i];
    }
    if (std::string error = option->set(value); !error.empty())
      return fail("option '" + option->name + "': " + error);
  }
  return std::nullopt;
}

} // namespace girih::tool
