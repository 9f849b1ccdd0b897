// Finds data races, reads of memory never written, and barriers that not all threads of a block reach. Made
// for one launch:
//
//   std::unique_ptr<Checker> checker = makeChecker(program, CheckOptions{}, error);
//   launch.observer = checker.get();
//   LaunchResult result = device.launch(program, launch); // its reports include the checker's
//
// What counts as ordered, and what is approximated, stands in README.md beside this file.
#pragma once

#include "tools/ptxsim/Simulator.h"

namespace girih::ptx {

struct CheckOptions {
  bool races = true, uninitialised = true;
  bool droppedReads = false; // wrong reads are reported even if nothing uses what they read
};

class Checker : public Observer {
public:
  virtual ~Checker() = default;
};

/// Null on failure. The program must outlive the checker.
std::unique_ptr<Checker> makeChecker(const Program &program, const CheckOptions &options, std::string &error);

} // namespace girih::ptx
