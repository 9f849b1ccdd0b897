// A launch described in JSON with its data in a .npz archive, and the comparison with what is expected.
#pragma once

#include "tools/ptxsim/Simulator.h"
#include "tools/ptxsim/cli/Npz.h"
#include "tools/ptxsim/device/TensorMap.h"

namespace girih::ptx {

struct LaunchFile {
  struct Parameter {
    std::string name, kind; // "buffer", "struct", "i32", "f32", ...
    double number = 0;
    int64_t integer = 0;
    uint64_t bytes = 0;  // of a struct, or of a buffer that starts uninitialised
    uint32_t offset = 0; // within its struct
    std::string buffer;  // of a tensormap: the one that its tensor lies in
    TensorMap map{};
    std::vector<Parameter> fields;
  };
  std::string entry;
  Launch launch;
  std::vector<Parameter> params;
  unsigned extraNullPointers = 0;
  double tolerance = 0; // relative to the largest expected value
};

bool readLaunchFile(const std::string &path, LaunchFile &file, std::string &error);

/// Buffers of a launch on the device, by parameter name.
struct LaunchData {
  std::map<std::string, NpyArray> arrays; // "buf::x", "out::x"
  struct Place {
    uint64_t address, bytes;
  };
  std::map<std::string, Place> places;
};

/// "in buffer 'x', byte 8 of 64" for an address on the device, or how far it is after the end of a buffer;
/// empty if it has nothing to do with one.
std::string bufferAt(const LaunchData &data, uint64_t address);

/// Copies the buffers to the device and fills Launch::params for the kernel.
bool prepareLaunch(Device &device, const Program &program, LaunchFile &file, LaunchData &data,
                   std::string &error);

struct Comparison {
  std::string buffer;
  double largestError = 0, largestExpected = 0; // absolute
  uint64_t at = 0;                              // element of the largest error
  uint64_t wrong = 0;                           // how many elements are beyond their tolerance
  double expected = 0, got = 0;                 // of the first of these, or at the largest error
  bool ok = true;
  std::string problem; // why nothing could be compared, if so

  double relativeError() const { return largestExpected ? largestError / largestExpected : largestError; }
};
/// Each expected buffer against the device's.
std::vector<Comparison> compareResults(Device &device, const LaunchFile &file, const LaunchData &data);

} // namespace girih::ptx
