#include "tools/ptxsim/driver/Link.h"
#include "tools/ptxsim/syntax/Lexer.h"
#include <algorithm>
#include <map>
#include <set>

namespace girih::cudasim {

namespace {

using ptx::Token;
using ptx::TokenKind;

/// How a name of one file relates to the same name of others.
enum class Binding { Own, Extern, Visible, Weak };

/// One declaration or definition at the level of the file: its words [first, last].
struct Symbol {
  std::string_view name;
  Binding binding = Binding::Own;
  bool isFunction = false, isEntry = false, isDefined = false;
  size_t first = 0, body = 0, last = 0; // body: its '{', of functions
  unsigned line = 0;
};

/// A file as its words; `edits` replaces some of them.
struct File {
  const LinkInput *input;
  std::vector<Token> tokens;
  std::vector<Symbol> symbols;
  std::map<size_t, std::string> edits;
  uint64_t sources = 0; // the largest number of a .file

  bool is(size_t at, std::string_view punctuation) const {
    return at < tokens.size() && tokens[at].is(punctuation);
  }
  /// The word after the one that closes what opens at `at`.
  size_t after(size_t at) const {
    unsigned depth = 0;
    for (; at < tokens.size(); ++at) {
      if (is(at, "{") || is(at, "(") || is(at, "[")) ++depth;
      if ((is(at, "}") || is(at, ")") || is(at, "]")) && --depth == 0) return at + 1;
    }
    return tokens.size();
  }
  void erase(size_t first, size_t last) {
    for (size_t n = first; n <= last; ++n)
      edits[n] = "";
  }
};

std::string placed(const File &f, unsigned line, const std::string &what) {
  return "error: " + f.input->name + ":" + std::to_string(line) + ": " + what;
}

/// A function's declaration from its `.func` or `.entry` on; the word after it.
size_t function(File &f, Symbol s, size_t at) {
  s.isFunction = true, s.isEntry = f.tokens[at].isDotted("entry");
  if (f.is(++at, "(")) at = f.after(at); // results
  s.name = f.tokens[at].text;
  while (at + 1 < f.tokens.size() && !f.is(at, ";") && !f.is(at, "{"))
    at = f.is(at, "(") ? f.after(at) : at + 1;
  s.isDefined = f.is(at, "{"), s.body = at;
  // Functions are often declared before they are defined, with the same linkage.
  size_t next = s.isDefined ? f.after(at) : at + 1;
  s.last = std::min(next, f.tokens.size()) - 1;
  f.symbols.push_back(s);
  return next;
}

/// Variables from their state space on; the word after them.
size_t variables(File &f, Symbol s, size_t at) {
  size_t from = f.symbols.size();
  bool initial = false;
  for (; at + 1 < f.tokens.size() && !f.is(at, ";");) {
    if (f.is(at, "=")) initial = true;
    if (f.is(at, ",")) initial = false;
    if (f.tokens[at].kind == TokenKind::Identifier && !initial) {
      s.name = f.tokens[at].text, s.isDefined = s.binding != Binding::Extern;
      f.symbols.push_back(s);
    }
    bool opens = f.is(at, "{") || f.is(at, "[") || f.is(at, "(");
    at = opens ? f.after(at) : at + 1;
  }
  for (; from < f.symbols.size(); ++from)
    f.symbols[from].last = at;
  return at + 1;
}

bool scan(File &f, std::string &error) {
  ptx::Location where;
  std::string message;
  if (!ptx::tokenize(f.input->text, f.tokens, where, message)) {
    error = placed(f, where.line, message);
    return false;
  }
  Symbol s;
  for (size_t at = 0; at < f.tokens.size();) {
    const Token &t = f.tokens[at];
    if (s.line == 0) s.first = at, s.line = t.where.line;
    if (t.isDotted("visible") || t.isDotted("weak") || t.isDotted("common") || t.isDotted("extern")) {
      s.binding = t.isDotted("visible")  ? Binding::Visible
                  : t.isDotted("extern") ? Binding::Extern
                                         : Binding::Weak;
      ++at;
      continue;
    }
    if (t.isDotted("func") || t.isDotted("entry"))
      at = function(f, s, at);
    else if (t.isDotted("global") || t.isDotted("const") || t.isDotted("shared"))
      at = variables(f, s, at + 1);
    else
      at = f.is(at, "{") ? f.after(at) : at + 1;
    s = Symbol();
  }
  for (size_t n = 0; n + 1 < f.tokens.size(); ++n)
    if (f.tokens[n].isDotted("file")) f.sources = std::max(f.sources, f.tokens[n + 1].bits);
  return true;
}

/// Gives the file's numbers of source files a place after those of the files before.
void renumberSources(File &f, uint64_t before) {
  for (size_t n = 0; before && n + 1 < f.tokens.size(); ++n) {
    const Token &t = f.tokens[n];
    bool numbered = t.isDotted("file") || t.isDotted("loc") ||
                    (t.kind == TokenKind::Identifier && t.text == "inlined_at");
    if (numbered && f.tokens[n + 1].kind == TokenKind::Integer)
      f.edits[n + 1] = std::to_string(f.tokens[n + 1].bits + before);
  }
}

/// A file's own names that other files have too get others.
void renameOwn(File &f, size_t index, const std::map<std::string_view, std::set<size_t>> &users) {
  std::set<std::string_view> own;
  for (const Symbol &s : f.symbols)
    if (s.binding == Binding::Own && s.isDefined && !s.isEntry && users.at(s.name).size() > 1)
      own.insert(s.name);
  for (size_t n = 0; n < f.tokens.size(); ++n)
    if (f.tokens[n].kind == TokenKind::Identifier && own.count(f.tokens[n].text))
      f.edits[n] = std::string(f.tokens[n].text) + "$" + std::to_string(index);
}

/// Leaves one definition of each visible name: the first, or the one that is not weak.
bool resolve(std::vector<File> &files, std::string &error) {
  struct Defined {
    File *file;
    Symbol *symbol;
  };
  std::map<std::string_view, Defined> defined;
  for (File &f : files)
    for (Symbol &s : f.symbols) {
      if (!s.isDefined || (s.binding == Binding::Own && !s.isEntry)) continue;
      auto [it, isNew] = defined.insert({s.name, {&f, &s}});
      if (isNew) continue;
      Defined &have = it->second, other = {&f, &s};
      if (have.symbol->binding == Binding::Weak && s.binding != Binding::Weak) std::swap(have, other);
      if (other.symbol->binding != Binding::Weak) {
        error = placed(f, s.line,
                       "'" + std::string(s.name) + "' is defined twice, the other time in " +
                           have.file->input->name + ":" + std::to_string(have.symbol->line));
        return false;
      }
      if (other.symbol->isFunction && !other.symbol->isEntry) {
        other.file->erase(other.symbol->body, other.symbol->last);
        other.file->edits[other.symbol->body] = ";";
      } else {
        other.file->erase(other.symbol->first, other.symbol->last);
      }
    }
  return true;
}

std::string textOf(const File &f) {
  const std::string &text = f.input->text;
  std::string out;
  size_t from = 0;
  for (const auto &[at, replacement] : f.edits) {
    size_t begin = size_t(f.tokens[at].text.data() - text.data());
    // The dot and the quotes of a word are not part of its text.
    if (f.tokens[at].kind == TokenKind::Dotted || f.tokens[at].kind == TokenKind::String) --begin;
    size_t end = size_t(f.tokens[at].text.data() - text.data()) + f.tokens[at].text.size() +
                 (f.tokens[at].kind == TokenKind::String);
    out.append(text, from, begin - from).append(replacement);
    from = end;
  }
  return out.append(text, from);
}

/// The newest of the files' versions and targets for the whole.
void joinHeads(std::vector<File> &files) {
  std::vector<std::pair<size_t, size_t>> places[2]; // file, word
  for (size_t n = 0; n < files.size(); ++n)
    for (size_t at = 0; at + 1 < files[n].tokens.size(); ++at)
      for (unsigned which : {0u, 1u})
        if (files[n].tokens[at].isDotted(which ? "target" : "version")) places[which].push_back({n, at + 1});
  for (const auto &list : places) {
    auto number = [&](std::pair<size_t, size_t> p) {
      std::string text(files[p.first].tokens[p.second].text);
      size_t digits = text.find_first_of("0123456789"), dot = text.find('.');
      if (digits == std::string::npos) return std::tuple(0, 0, size_t(0));
      int major = atoi(text.c_str() + digits);
      return std::tuple(major, dot == std::string::npos ? 0 : atoi(text.c_str() + dot + 1), text.size());
    };
    auto newest =
        std::max_element(list.begin(), list.end(), [&](auto a, auto b) { return number(a) < number(b); });
    if (newest == list.end()) continue;
    std::string text(files[newest->first].tokens[newest->second].text);
    for (auto [n, at] : list)
      files[n].edits[at] = text;
  }
}

} // namespace

bool linkPtx(const std::vector<LinkInput> &inputs, std::string &out, std::string &error) {
  if (inputs.size() == 1) return out = inputs[0].text, true;
  std::vector<File> files;
  for (const LinkInput &input : inputs) {
    files.emplace_back().input = &input;
    if (!scan(files.back(), error)) return false;
  }
  std::map<std::string_view, std::set<size_t>> users;
  for (size_t n = 0; n < files.size(); ++n)
    for (const Symbol &s : files[n].symbols)
      users[s.name].insert(n);
  uint64_t sources = 0;
  for (size_t n = 0; n < files.size(); ++n) {
    renameOwn(files[n], n, users);
    renumberSources(files[n], sources);
    sources += files[n].sources;
  }
  joinHeads(files);
  if (!resolve(files, error)) return false;
  out.clear();
  for (const File &f : files)
    out += textOf(f) + "\n";
  return true;
}

} // namespace girih::cudasim
