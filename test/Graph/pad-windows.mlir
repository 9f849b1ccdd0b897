// RUN: girih-opt %s -girih-pad-windows | FileCheck %s
// RUN: girih-opt %s --pass-pipeline="builtin.module(func.func(girih-pad-windows{reads-in-place}))" | FileCheck %s --check-prefix=PLACE

// Two convolutions share a pad; the last column and row that no window of stride 2 reads are left out.
// CHECK-LABEL: @convs
// CHECK: %[[P:.*]] = girih.pad constant %arg0 {low = #girih.dims<0, 1, 1, 0>} : (tensor<1x8x8x4xf32>) -> tensor<1x9x9x4xf32>
// CHECK: girih.conv %[[P]], %arg1 {{.*}}pads = array<i64: 0, 0, 0, 0>
// CHECK: girih.conv %[[P]], %arg2
// CHECK-NOT: girih.pad
func.func @convs(%x: tensor<1x8x8x4xf32>, %w: tensor<8x4x3x3xf32>, %v: tensor<8x4x3x3xf32>) -> (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) {
  %0 = girih.conv %x, %w {channels_last, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x8x8x4xf32>, tensor<8x4x3x3xf32>) -> tensor<1x4x4x8xf32>
  %1 = girih.conv %x, %v {channels_last, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x8x8x4xf32>, tensor<8x4x3x3xf32>) -> tensor<1x4x4x8xf32>
  return %0, %1 : tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>
}

// A zero pad in front joins the convolution's own.
// CHECK-LABEL: @merged
// CHECK: %[[P:.*]] = girih.pad constant %arg0 {low = #girih.dims<0, 1, 2, 0>} : (tensor<1x8x8x4xf32>) -> tensor<1x10x12x4xf32>
// CHECK-NOT: girih.pad
// CHECK: girih.conv %[[P]]
func.func @merged(%x: tensor<1x8x8x4xf32>, %w: tensor<8x4x3x3xf32>) -> tensor<1x8x10x8xf32> {
  %0 = girih.pad constant %x {low = #girih.dims<0, 0, 1, 0>} : (tensor<1x8x8x4xf32>) -> tensor<1x8x10x4xf32>
  %1 = girih.conv %0, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x8x10x4xf32>, tensor<8x4x3x3xf32>) -> tensor<1x8x10x8xf32>
  return %1 : tensor<1x8x10x8xf32>
}

// A window of ceil mode reads past the input: the border is the lowest value.
// CHECK-LABEL: @max_pool
// CHECK: %[[V:.*]] = girih.constant dense<0xFF800000> : tensor<f32>
// CHECK: %[[P:.*]] = girih.pad constant %arg0, %[[V]] {low = #girih.dims<0, 0, 0, 0>} : {{.*}} -> tensor<1x9x9x4xf32>
// CHECK: girih.pool max %[[P]]
func.func @max_pool(%x: tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32> {
  %0 = girih.pool max %x {channels_last, kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
  return %0 : tensor<1x4x4x4xf32>
}

// CHECK-LABEL: @average_pools
// CHECK: %[[P:.*]] = girih.pad constant %arg0 {low = #girih.dims<0, 1, 1, 0>}
// CHECK: girih.pool average %[[P]] {{.*}}count_include_pad{{.*}}pads = array<i64: 0, 0, 0, 0>
// CHECK: girih.pool average %arg0 {{.*}}pads = array<i64: 1, 1, 1, 1>
func.func @average_pools(%x: tensor<1x8x8x4xf32>) -> (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) {
  %0 = girih.pool average %x {channels_last, count_include_pad, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  %1 = girih.pool average %x {channels_last, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  return %0, %1 : tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>
}

// CHECK-LABEL: @symbolic
// CHECK: girih.pad constant %arg0 {low = #girih.dims<0, 1, 0>} : {{.*}} -> tensor<1x?x4xf32, #girih.dims<1, t + 2, 4>>
func.func @symbolic(%x: tensor<1x?x4xf32, #girih.dims<1, t, 4>>, %w: tensor<8x4x3xf32>) -> tensor<1x?x8xf32, #girih.dims<1, t, 8>> {
  %0 = girih.conv %x, %w {channels_last, strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, group = 1 : i64} : (tensor<1x?x4xf32, #girih.dims<1, t, 4>>, tensor<8x4x3xf32>) -> tensor<1x?x8xf32, #girih.dims<1, t, 8>>
  return %0 : tensor<1x?x8xf32, #girih.dims<1, t, 8>>
}

// Where kernels read in place, what is no matrix product looks at its borders itself.
// PLACE-LABEL: @in_place
// PLACE: girih.conv %arg0, %arg1 {{.*}}pads = array<i64: 1, 1, 1, 1>
// PLACE: girih.pool max %{{.*}} {{.*}}pads = array<i64: 1, 1, 1, 1>
// PLACE: %[[P:.*]] = girih.pad constant
// PLACE: girih.conv %[[P]], %arg2 {{.*}}pads = array<i64: 0, 0, 0, 0>
func.func @in_place(%x: tensor<1x8x8x4xf32>, %w: tensor<4x1x3x3xf32>, %v: tensor<6x4x3x3xf32>) -> tensor<1x8x8x6xf32> {
  %0 = girih.conv %x, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 4 : i64} : (tensor<1x8x8x4xf32>, tensor<4x1x3x3xf32>) -> tensor<1x8x8x4xf32>
  %1 = girih.pool max %0 {channels_last, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
  %2 = girih.conv %1, %v {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x8x8x4xf32>, tensor<6x4x3x3xf32>) -> tensor<1x8x8x6xf32>
  return %2 : tensor<1x8x8x6xf32>
}
