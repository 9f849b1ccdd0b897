// RUN: not girih-opt %s --girih-map-cpu 2>&1 | FileCheck %s

// CHECK: error: a task of a CPU's kernel has one thread, but this one's schedule says threads = 32
func.func private @kernel_sum(%x: memref<?xf32>) attributes {girih.threads = 32 : i64} {
  scf.forall (%task) in (10) {
  }
  return
}
