/* What the simulator's driver library has beside CUDA's functions. A program finds them by dlsym in the
 * library that it has as libcuda: where they are not, it is another driver. */
#ifndef GIRIH_CUDASIM_H
#define GIRIH_CUDASIM_H

#ifdef __cplusplus
extern "C" {
#endif

/* Has launches measured from now on, of any stream and thread, or no more; forgets what was measured. That
 * takes several times as long as a launch. */
void girih_cudasim_measure(int on);

/* What was measured, a JSON list in the order of the launches: {"kernel": "name", "gpu": "h100", "counters":
 * {...}, "occupancy": {...}, "time": {...}}, the last three as `girih-ptxsim --json` has them
 * (docs/ptxsim.md). Launches that failed are left out. The text is valid until the next call of either
 * function. */
const char *girih_cudasim_measurements(void);

#ifdef __cplusplus
}
#endif

#endif
