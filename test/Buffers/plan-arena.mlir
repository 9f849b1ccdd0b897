// RUN: girih-opt %s --split-input-file --girih-plan-arena | FileCheck %s
// RUN: girih-opt %s --split-input-file --girih-plan-arena=red-zone=1024 | FileCheck %s --check-prefix=ZONES

// %a dies at the second launch, which may write over it; %b is alive beside %c. Equal weights share an offset.
// CHECK: module attributes {girih.arena = [#girih.dims<256, 0, 2, 0>, #girih.dims<128, 2, 3, 256>], girih.arena_bytes = 384 : i64, girih.arena_lower_bound = 384 : i64}
module {
  func.func private @k(memref<?xf32>)
  func.func @main(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>)
      attributes {girih.buffers = [#girih.buffer<input, 0, <256>>, #girih.buffer<arena, 0, <256>>, #girih.buffer<arena, 0, <256>>,
                                   #girih.buffer<arena, 0, <128>>, #girih.buffer<output, 0, <256>>]} {
    %w = girih.constant dense<1.0> : tensor<8xf32>
    %v = girih.constant dense<[1, 2]> : tensor<2xi32>
    %u = girih.constant dense<[[1], [2]]> : tensor<2x1xi32>
    // CHECK: refs = [#girih.ref<input, 0, <0>>, #girih.ref<weight, 0, <0>>, #girih.ref<arena, 0, <0>>]
    // ZONES: #girih.ref<weight, 0, <1024>>
    %a = girih.launch @k(%x, %w) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<64>, bytes = #girih.dims<512>,
      places = [#girih.place<0, offset = <0>, strides = <1>>, #girih.place<5, offset = <0>, strides = <1>>, #girih.place<1, offset = <0>, strides = <1>>]}
      : (tensor<64xf32>, tensor<8xf32>) -> tensor<64xf32>
    // CHECK: refs = [#girih.ref<arena, 0, <0>>, #girih.ref<weight, 0, <64>>, #girih.ref<arena, 0, <0>>]
    // ZONES: #girih.ref<weight, 0, <2112>>
    %b = girih.launch @k(%a, %v) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<64>, bytes = #girih.dims<512>, in_place = array<i64: 0>,
      places = [#girih.place<1, offset = <0>, strides = <1>>, #girih.place<6, offset = <0>, strides = <1>>, #girih.place<2, offset = <0>, strides = <1>>]}
      : (tensor<64xf32>, tensor<2xi32>) -> tensor<64xf32>
    // CHECK: refs = [#girih.ref<arena, 0, <128>>, #girih.ref<weight, 0, <64>>, #girih.ref<arena, 1, <0>>]
    // ZONES: #girih.ref<weight, 0, <2112>>
    %c = girih.launch @k(%b, %u) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<64>, bytes = #girih.dims<512>, in_place = array<i64: 0>,
      places = [#girih.place<2, offset = <32>, strides = <1>>, #girih.place<7, offset = <0>, strides = <1, 1>>, #girih.place<3, offset = <0>, strides = <1>>]}
      : (tensor<64xf32>, tensor<2x1xi32>) -> tensor<32xf32>
    // CHECK: refs = [#girih.ref<arena, 1, <0>>, #girih.ref<output, 0, <0>>]
    %d = girih.launch @k(%c) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<64>, bytes = #girih.dims<512>,
      places = [#girih.place<3, offset = <0>, strides = <1>>, #girih.place<4, offset = <0>, strides = <1>>]}
      : (tensor<32xf32>) -> tensor<64xf32>
    // CHECK: return {{.*}}girih.refs = [#girih.ref<output, 0, <0>>, #girih.ref<input, 0, <0>>]
    return {girih.places = [#girih.place<4, offset = <0>, strides = <1>>, #girih.place<0, offset = <0>, strides = <1>>]} %d, %x : tensor<64xf32>, tensor<64xf32>
  }
}

// -----

// Sizes that depend on the input: the runtime plans.
// CHECK: girih.arena = [#girih.dims<n * 4, 0, 1, -1>], girih.arena_bytes = -1 : i64
module {
  func.func private @k(memref<?xf32>)
  func.func @main(%x: tensor<?xf32, #girih.dims<n>>) -> tensor<?xf32, #girih.dims<n>>
      attributes {girih.buffers = [#girih.buffer<input, 0, <n * 4>>, #girih.buffer<arena, 0, <n * 4>>, #girih.buffer<output, 0, <n * 4>>]} {
    %a = girih.launch @k(%x) {dims = #girih.dims<n>, tasks = #girih.dims<1>, flops = #girih.dims<n>, bytes = #girih.dims<n * 8>,
      places = [#girih.place<0, offset = <0>, strides = <1>>, #girih.place<1, offset = <0>, strides = <1>>]}
      : (tensor<?xf32, #girih.dims<n>>) -> tensor<?xf32, #girih.dims<n>>
    %b = girih.launch @k(%a) {dims = #girih.dims<n>, tasks = #girih.dims<1>, flops = #girih.dims<n>, bytes = #girih.dims<n * 8>,
      places = [#girih.place<1, offset = <0>, strides = <1>>, #girih.place<2, offset = <0>, strides = <1>>]}
      : (tensor<?xf32, #girih.dims<n>>) -> tensor<?xf32, #girih.dims<n>>
    return {girih.places = [#girih.place<2, offset = <0>, strides = <1>>]} %b : tensor<?xf32, #girih.dims<n>>
  }
}

// -----

// The return copies its first value from %a's buffer, so the last launch may not write over it.
// CHECK: girih.arena = [#girih.dims<256, 0, 2, 0>]
module {
  func.func private @k(memref<?xf32>)
  func.func @main(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>)
      attributes {girih.buffers = [#girih.buffer<input, 0, <256>>, #girih.buffer<arena, 0, <256>>, #girih.buffer<output, 1, <256>>]} {
    %a = girih.launch @k(%x) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<64>, bytes = #girih.dims<512>,
      places = [#girih.place<0, offset = <0>, strides = <1>>, #girih.place<1, offset = <0>, strides = <1>>]}
      : (tensor<64xf32>) -> tensor<64xf32>
    // CHECK: refs = [#girih.ref<arena, 0, <0>>, #girih.ref<output, 1, <0>>]
    %c = girih.launch @k(%a) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<64>, bytes = #girih.dims<512>, in_place = array<i64: 0>,
      places = [#girih.place<1, offset = <0>, strides = <1>>, #girih.place<2, offset = <0>, strides = <1>>]}
      : (tensor<64xf32>) -> tensor<64xf32>
    // CHECK: return {{.*}}girih.refs = [#girih.ref<arena, 0, <0>>, #girih.ref<output, 1, <0>>]
    return {girih.places = [#girih.place<1, offset = <0>, strides = <1>>, #girih.place<2, offset = <0>, strides = <1>>]} %a, %c : tensor<64xf32>, tensor<64xf32>
  }
}
