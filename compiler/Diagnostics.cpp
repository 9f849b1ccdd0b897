#include "compiler/Diagnostics.h"
#include "mlir/IR/Location.h"

using namespace mlir;

namespace girih {

/// The first name or file position inside a fused or call-site location.
static Location principal(Location loc) {
  while (true) {
    if (auto fused = dyn_cast<FusedLoc>(loc)) {
      if (fused.getLocations().empty()) return UnknownLoc::get(loc.getContext());
      loc = fused.getLocations().front();
    } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
      loc = call.getCallee();
    } else {
      return loc;
    }
  }
}

std::string describeLocation(Location loc, StringRef file) {
  loc = principal(loc);
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto position = dyn_cast<FileLineColLoc>(loc)) {
    os << position.getFilename().getValue() << ":" << position.getLine() << ":" << position.getColumn()
       << ": ";
    return text;
  }
  if (!file.empty()) os << file << ": ";
  if (auto node = dyn_cast<NameLoc>(loc)) {
    os << "node '" << node.getName().getValue() << "'";
    if (auto type = dyn_cast<NameLoc>(principal(node.getChildLoc())))
      os << " (" << type.getName().getValue() << ")";
    os << ": ";
  }
  return text;
}

/// `emitOpError` starts with the operation's name in the compiler's own terms; the location says it in the
/// model's.
static std::string plainText(const Diagnostic &diagnostic) {
  std::string message = diagnostic.str();
  StringRef text = message;
  if (isa<NameLoc>(principal(diagnostic.getLocation())) && text.consume_front("'") && text.contains("' op "))
    return text.split("' op ").second.str();
  return message;
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, std::string file, bool remarks, raw_ostream &os)
    : file(std::move(file)), remarks(remarks), os(os),
      handler(context, [this](Diagnostic &diagnostic) { handle(diagnostic); }) {}

DiagnosticPrinter::~DiagnosticPrinter() {
  if (errors > 1) os << "(and " << errors - 1 << " more error" << (errors > 2 ? "s" : "") << ")\n";
}

// The diagnostic engine holds a lock while it calls this.
void DiagnosticPrinter::handle(Diagnostic &diagnostic) {
  StringRef label;
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    if (errors++) return;
    label = "error: ";
    break;
  case DiagnosticSeverity::Warning:
    label = "warning: ";
    break;
  case DiagnosticSeverity::Remark:
    if (!remarks) return;
    label = "remark: ";
    break;
  case DiagnosticSeverity::Note: // what is attached to one of the above comes with it
    label = "note: ";
    break;
  }
  os << label << describeLocation(diagnostic.getLocation(), file) << plainText(diagnostic);
  for (Diagnostic &note : diagnostic.getNotes()) {
    std::string text = plainText(note);
    // The rest of MLIR's notes show operations of the compiler, which say nothing to a user.
    if (StringRef(text).starts_with("see current operation")) continue;
    bool isElsewhere = note.getLocation() != diagnostic.getLocation();
    os << "; " << (isElsewhere ? describeLocation(note.getLocation(), "") : "") << text;
  }
  os << "\n";
}

} // namespace girih
