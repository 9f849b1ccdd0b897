// Beside CUDA's functions: what launches cost, for programs that know that they run on the simulator.
#include "tools/ptxsim/driver/Driver.h"
#include "tools/ptxsim/driver/include/girih_cudasim.h"

using girih::cudasim::Driver;

void girih_cudasim_measure(int on) {
  Driver &d = Driver::get();
  std::lock_guard guard(d.lock);
  d.measures = on, d.measurements.clear();
}

const char *girih_cudasim_measurements() {
  static std::string text;
  Driver &d = Driver::get();
  std::lock_guard guard(d.lock);
  text = "[";
  for (const std::string &m : d.measurements)
    text += (text.size() > 1 ? "," : "") + m;
  return (text += "]").c_str();
}
