// Passes that decide where tensors lie.

#ifndef GIRIH_PASSES_BUFFERS
#define GIRIH_PASSES_BUFFERS

include "mlir/Pass/PassBase.td"

def PlanPlaces : Pass<"girih-plan-places", "::mlir::ModuleOp"> {
  let summary = "give every kernel's operands and results a strided place in a buffer";
  let description = [{
    Numbers the buffers of `@main` (attribute `girih.buffers`) and gives every kernel `places`, and `func.return` the attribute `girih.places`. Values are
    dense and row-major in buffers of their own, with these exceptions:

    - A part of a `girih.assemble` is written where the assembled tensor has it, so the assemble costs nothing; nested assembles and
      reshapes whose strides can be followed included. An assemble whose parts lie right in another one's buffer is a view of it.
    - The result of a `girih.reshape` is its operand's place.
    - An output of the model is written to the caller's buffer.

    A part that is a constant or an argument, that belongs to two assembles, or whose strides a consumer cannot read through its reshape, is
    copied: by a kernel of its own, as is an output that is a strided part of something else.

    Kernels that may write over some of their inputs are marked with `in_place`, for girih-plan-arena.

    ```mlir
    func.func @main(%x: tensor<4xf32>) -> tensor<8xf32> {
      %a = girih.kernel "a"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
      ^bb0(%i: tensor<4xf32>):
        girih.yield %i : tensor<4xf32>
      }
      %b = girih.kernel "b"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
      ^bb0(%i: tensor<4xf32>):
        girih.yield %i : tensor<4xf32>
      }
      %y = girih.assemble %a, %b {offsets = [#girih.dims<0>, #girih.dims<4>]} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
      return %y : tensor<8xf32>
    }
    // becomes
    func.func @main(%x: tensor<4xf32>) -> tensor<8xf32>
        attributes {girih.buffers = [#girih.buffer<input, 0, <16>>, #girih.buffer<output, 0, <32>>]} {
      %a = girih.kernel "a"(%x) attributes {..., places = [#girih.place<0, offset = <0>, strides = <1>>,
        #girih.place<1, offset = <0>, strides = <1>>]} : (tensor<4xf32>) -> tensor<4xf32> {
      ...
      %b = girih.kernel "b"(%x) attributes {..., places = [#girih.place<0, offset = <0>, strides = <1>>,
        #girih.place<1, offset = <4>, strides = <1>>]} : (tensor<4xf32>) -> tensor<4xf32> {
      ...
      %y = girih.assemble %a, %b ...
      return {girih.places = [#girih.place<1, offset = <0>, strides = <1>>]} %y : tensor<8xf32>
    }
    ```

    Pre-condition: the linalg stage is done; comes before schedules are planned, since it adds kernels.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numInPlace", "parts-in-place", "Number of assembled parts written in place">,
    Statistic<"numCopies", "copies", "Number of copy kernels inserted">
  ];
}

def PlanArena : Pass<"girih-plan-arena", "::mlir::ModuleOp"> {
  let summary = "give every buffer of the launches an address";
  let description = [{
    Turns `places` of launches into `refs`: input, output, weight (at its offset among the weights, equal ones once), or arena buffer. Arena
    buffers live from their first to their last launch; the module's attribute `girih.arena` lists bytes, first, last and, if all sizes are known,
    the offset; `girih.arena_bytes` and `girih.arena_lower_bound` say what that came to. `func.return` gets `girih.refs`.

    A launch with `in_place = array<i64: k>` may write result 0 over operand k; it does where the operand dies there and both are the whole of
    buffers of the same size and strides.

    ```mlir
    func.func private @k(memref<?xf32>)
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32>
        attributes {girih.buffers = [#girih.buffer<input, 0, <16>>, #girih.buffer<arena, 0, <16>>, #girih.buffer<output, 0, <16>>]} {
      %a = girih.launch @k(%x) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<4>, bytes = #girih.dims<32>,
        places = [#girih.place<0, offset = <0>, strides = <1>>, #girih.place<1, offset = <0>, strides = <1>>]} : (tensor<4xf32>) -> tensor<4xf32>
      %b = girih.launch @k(%a) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<4>, bytes = #girih.dims<32>,
        places = [#girih.place<1, offset = <0>, strides = <1>>, #girih.place<2, offset = <0>, strides = <1>>]} : (tensor<4xf32>) -> tensor<4xf32>
      return {girih.places = [#girih.place<2, offset = <0>, strides = <1>>]} %b : tensor<4xf32>
    }
    // becomes
    module attributes {girih.arena = [#girih.dims<16, 0, 1, 0>], girih.arena_bytes = 64 : i64, girih.arena_lower_bound = 64 : i64} {
      ...
      %a = girih.launch @k(%x) {..., refs = [#girih.ref<input, 0, <0>>, #girih.ref<arena, 0, <0>>], ...
      %b = girih.launch @k(%a) {..., refs = [#girih.ref<arena, 0, <0>>, #girih.ref<output, 0, <0>>], ...
      return {..., girih.refs = [#girih.ref<output, 0, <0>>]} %b : tensor<4xf32>
    ```

    With `red-zone=BYTES` so many bytes lie before each weight, for the sanitizer's runtime to poison.

    Pre-condition: `@main` holds launches, constants, reshapes and assembles only.
  }];
  let options = [Option<"redZone", "red-zone", "int64_t", "0", "Bytes before each weight">];
  let statistics = [
    Statistic<"numInPlace", "in-place", "Number of launches that write over an operand">,
    Statistic<"numSharedWeights", "shared-weights", "Number of constants whose bytes another one has">
  ];
}

#endif
