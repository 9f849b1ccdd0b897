// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v4 | FileCheck %s
// RUN: girih compile %s --stop-after=tile --cpu=x86-64-v4 | FileCheck %s --check-prefix=TASKS

// Sizes that only a run knows are guessed (a leading dimension is 1, as batches mostly are), and may always be larger: their loops are tasks.

// n * 1024: tasks of some tiles; 7552 is 59 * 128.
// CHECK: girih.kernel "merged"({{.*}}nest = [<d0, 7552, task>, <d0, 64, lanes>]>
// TASKS: girih.launch {{.*}}name = "merged"{{.*}}tasks = #girih.dims<n * 8 ceildiv 59>

// A dimension alone is little, too little for a second task; a million is not.
// CHECK: girih.kernel "alone"({{.*}}nest = [<d0, 7552, task>, <d0, 64, lanes>]>
// TASKS: girih.launch {{.*}}name = "alone"{{.*}}tasks = #girih.dims<n ceildiv 7552>

// min(n, 8) and (n + 2) * 3 rows.
// CHECK: girih.kernel "bounded"({{.*}}nest = [<d0, 3, task>, <d0, 1>, <d1, 64, lanes>]>
// CHECK: girih.kernel "sum"({{.*}}nest = [<d0, 3, task>, <d0, 1>, <d1, 64, lanes>]>

// The columns are known and few, the rows are not: tasks of rows, each with all of its columns.
// CHECK: girih.kernel "rows"({{.*}}nest = [<d0, {{[0-9]+}}, task>, <d0, 1>, <d1,

// What is known is planned as it is: too little work for two tasks.
// CHECK: girih.kernel "known"({{.*}}nest = [<d0, 64, lanes>]>
// TASKS: girih.launch {{.*}}name = "known"{{.*}}tasks = #girih.dims<1>
func.func @main(%a: tensor<?x1024xf32, #girih.dims<n, 1024>> {girih.name = "a"}, %b: tensor<?xf32, #girih.dims<n>> {girih.name = "b"},
                %c: tensor<?x3000xf32, #girih.dims<min(n, 8), 3000>> {girih.name = "c"}, %d: tensor<?x3000xf32, #girih.dims<3 * (n + 2), 3000>> {girih.name = "d"},
                %e: tensor<?x5xf32, #girih.dims<n, 5>> {girih.name = "e"}, %f: tensor<64xf32> {girih.name = "f"}, %t: tensor<3000xf32> {girih.name = "t"}, %s: tensor<5xf32> {girih.name = "s"})
    -> (tensor<?x1024xf32, #girih.dims<n, 1024>> {girih.name = "p"}, tensor<?xf32, #girih.dims<n>> {girih.name = "q"},
        tensor<?x3000xf32, #girih.dims<min(n, 8), 3000>> {girih.name = "r"}, tensor<?x3000xf32, #girih.dims<3 * (n + 2), 3000>> {girih.name = "u"},
        tensor<?x5xf32, #girih.dims<n, 5>> {girih.name = "v"}, tensor<64xf32> {girih.name = "w"}) {
  %0 = girih.unary relu %a : (tensor<?x1024xf32, #girih.dims<n, 1024>>) -> tensor<?x1024xf32, #girih.dims<n, 1024>> loc("merged"("Relu"))
  %1 = girih.unary relu %b : (tensor<?xf32, #girih.dims<n>>) -> tensor<?xf32, #girih.dims<n>> loc("alone"("Relu"))
  %2 = girih.binary add %c, %t : (tensor<?x3000xf32, #girih.dims<min(n, 8), 3000>>, tensor<3000xf32>) -> tensor<?x3000xf32, #girih.dims<min(n, 8), 3000>> loc("bounded"("Add"))
  %3 = girih.binary add %d, %t : (tensor<?x3000xf32, #girih.dims<3 * (n + 2), 3000>>, tensor<3000xf32>) -> tensor<?x3000xf32, #girih.dims<3 * (n + 2), 3000>> loc("sum"("Add"))
  %4 = girih.binary add %e, %s : (tensor<?x5xf32, #girih.dims<n, 5>>, tensor<5xf32>) -> tensor<?x5xf32, #girih.dims<n, 5>> loc("rows"("Add"))
  %5 = girih.unary relu %f : (tensor<64xf32>) -> tensor<64xf32> loc("known"("Relu"))
  return %0, %1, %2, %3, %4, %5 : tensor<?x1024xf32, #girih.dims<n, 1024>>, tensor<?xf32, #girih.dims<n>>, tensor<?x3000xf32, #girih.dims<min(n, 8), 3000>>, tensor<?x3000xf32, #girih.dims<3 * (n + 2), 3000>>, tensor<?x5xf32, #girih.dims<n, 5>>, tensor<64xf32>
}
