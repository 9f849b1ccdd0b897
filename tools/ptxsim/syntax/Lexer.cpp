#include "tools/ptxsim/syntax/Lexer.h"
#include <charconv>
#include <cstring>

namespace girih::ptx {

namespace {

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}
bool isWord(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool isHex(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

class Lexer {
public:
  Lexer(std::string_view text, std::vector<Token> &tokens) : text(text), tokens(tokens) {}

  bool run() {
    while (skipBlanks() && at < text.size())
      if (!word()) return false;
    if (!error.empty()) return false;
    start();
    push(TokenKind::End);
    return true;
  }
  Location where;
  std::string error;

private:
  std::string_view text;
  std::vector<Token> &tokens;
  size_t at = 0, lineBegin = 0, begin = 0;
  uint32_t line = 1;

  char peek(size_t ahead = 0) const { return at + ahead < text.size() ? text[at + ahead] : '\0'; }
  void start() {
    begin = at;
    where = {line, uint32_t(at - lineBegin + 1)};
  }
  Token &push(TokenKind kind) {
    Token &t = tokens.emplace_back();
    t.kind = kind, t.where = where, t.text = text.substr(begin, at - begin);
    return t;
  }
  bool fail(std::string message) {
    error = std::move(message);
    return false;
  }
  void newLine() { ++line, lineBegin = at + 1; }

  /// False on an unfinished comment only.
  bool skipBlanks() {
    for (; at < text.size(); ++at) {
      char c = text[at];
      if (c == '\n') {
        newLine();
      } else if (c == '/' && peek(1) == '/') {
        while (at + 1 < text.size() && text[at + 1] != '\n')
          ++at;
      } else if (c == '/' && peek(1) == '*') {
        start();
        for (at += 2; !(peek() == '*' && peek(1) == '/'); ++at) {
          if (at >= text.size()) return fail("this comment does not end");
          if (text[at] == '\n') newLine();
        }
        ++at;
      } else if (c != ' ' && c != '\t' && c != '\r' && c != '\v' && c != '\f' && c != '\0') {
        return true;
      }
    }
    return true;
  }

  bool word() {
    start();
    char c = peek();
    if (isDigit(c)) return number();
    if (isWord(c) || (c == '%' && isWord(peek(1)) && !isDigit(peek(1)))) {
      for (++at; isWord(peek());)
        ++at;
      push(TokenKind::Identifier);
      return true;
    }
    if (c == '.' && isWord(peek(1))) {
      for (++at; isWord(peek()) || (peek() == ':' && peek(1) == ':' && isWord(peek(2)));)
        at += peek() == ':' ? 2 : 1;
      push(TokenKind::Dotted).text.remove_prefix(1);
      return true;
    }
    if (c == '"') return string();
    static constexpr std::string_view pairs[] = {"<<", ">>", "<=", ">=", "==", "!=", "&&", "||"};
    for (std::string_view pair : pairs)
      if (text.substr(at, 2) == pair) {
        at += 2;
        push(TokenKind::Punctuation);
        return true;
      }
    if (!c || !strchr(",;[]{}()<>@!|+-*/%&^~?:=.", c)) return fail("unexpected character");
    ++at;
    push(TokenKind::Punctuation);
    return true;
  }

  bool string() {
    for (++at; peek() != '"'; ++at)
      if (at >= text.size() || peek() == '\n') return fail("this string does not end");
    ++at;
    Token &t = push(TokenKind::String);
    t.text = t.text.substr(1, t.text.size() - 2);
    return true;
  }

  bool number() {
    char second = peek(1);
    if (peek() == '0' && (second == 'f' || second == 'F' || second == 'd' || second == 'D')) {
      unsigned digits = second == 'f' || second == 'F' ? 8 : 16;
      for (at += 2; isHex(peek());)
        ++at;
      if (at - begin - 2 != digits)
        return fail("a number that begins with 0" + std::string(1, second) + " needs " +
                    std::to_string(digits) + " hexadecimal digits");
      Token &t = push(TokenKind::Float);
      t.floatBytes = uint8_t(digits / 2);
      std::from_chars(t.text.data() + 2, t.text.data() + t.text.size(), t.bits, 16);
      return true;
    }
    int base = 10;
    size_t prefix = 0;
    if (peek() == '0' && (second == 'x' || second == 'X'))
      base = 16, prefix = 2;
    else if (peek() == '0' && (second == 'b' || second == 'B'))
      base = 2, prefix = 2;
    for (at += prefix; base == 16 ? isHex(peek()) : isDigit(peek());)
      ++at;
    if (base == 10 && ((peek() == '.' && isDigit(peek(1))) || peek() == 'e' || peek() == 'E'))
      return decimalFloat();
    if (base == 10 && peek() == '.' && !isWord(peek(1))) return decimalFloat(); // "1."
    if (base == 10 && text[begin] == '0' && at - begin > 1) base = 8;
    uint64_t value = 0;
    auto [end, code] = std::from_chars(text.data() + begin + prefix, text.data() + at, value, base);
    if (code == std::errc::result_out_of_range) return fail("this integer has more than 64 bits");
    if (code != std::errc() || end != text.data() + at) return fail("this integer is malformed");
    bool isUnsigned = value > uint64_t(INT64_MAX);
    if (peek() == 'U' || peek() == 'u') isUnsigned = true, ++at;
    if (isWord(peek())) return fail("this number is malformed");
    Token &t = push(TokenKind::Integer);
    t.bits = value, t.isUnsigned = isUnsigned;
    return true;
  }

  bool decimalFloat() {
    if (peek() == '.')
      for (++at; isDigit(peek());)
        ++at;
    if (peek() == 'e' || peek() == 'E') {
      ++at;
      if (peek() == '+' || peek() == '-') ++at;
      while (isDigit(peek()))
        ++at;
    }
    double value = 0;
    auto [end, code] = std::from_chars(text.data() + begin, text.data() + at, value);
    if (code != std::errc() || end != text.data() + at || isWord(peek()))
      return fail("this number is malformed");
    Token &t = push(TokenKind::Float);
    t.floatBytes = 8;
    memcpy(&t.bits, &value, 8);
    return true;
  }
};

} // namespace

bool tokenize(std::string_view text, std::vector<Token> &tokens, Location &where, std::string &error) {
  Lexer lexer(text, tokens);
  if (lexer.run()) return true;
  where = lexer.where, error = std::move(lexer.error);
  return false;
}

} // namespace girih::ptx
