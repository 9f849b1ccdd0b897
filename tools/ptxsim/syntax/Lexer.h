// Words of PTX text with their places. Knows nothing of what they mean.
#pragma once

#include "tools/ptxsim/syntax/Types.h"
#include <string>
#include <vector>

namespace girih::ptx {

enum class TokenKind : uint8_t {
  End,
  Identifier, // add  %r1  $L__BB0_1
  Dotted,     // .global  .shared::cluster  .2d, text without the dot
  Integer,    // 12  0x1f  077  0b11  12U
  Float,      // 1.5  0f3F800000  0d3FF0000000000000
  String,     // text without the quotes
  Punctuation // one or two characters: , ; << == ...
};

struct Token {
  TokenKind kind = TokenKind::End;
  Location where;
  std::string_view text;
  uint64_t bits = 0;       // Integer; Float: the bits of `floatBytes` bytes
  uint8_t floatBytes = 0;  // 4 for 0f, 8 for 0d and decimal
  bool isUnsigned = false; // Integer with U or beyond the signed range

  bool is(std::string_view punctuation) const {
    return kind == TokenKind::Punctuation && text == punctuation;
  }
  bool isDotted(std::string_view word) const { return kind == TokenKind::Dotted && text == word; }
};

/// All words of `text`, the last of kind End. On failure `error` says what is wrong and `where` where.
/// The tokens refer to `text`.
bool tokenize(std::string_view text, std::vector<Token> &tokens, Location &where, std::string &error);

} // namespace girih::ptx
