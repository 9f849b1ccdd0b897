// RUN: girih-opt %s -girih-use-winograd | FileCheck %s

// Tiles of 4x4 pixels.
// CHECK-LABEL: @whole
// CHECK: %[[U:.*]] = girih.constant dense_resource<{{.*}}> : tensor<6x6x32x32xf32>
// CHECK: girih.winograd_conv %arg0, %[[U]], %arg1 {tile = 4 : i64} : (tensor<2x18x22x32xf32>, {{.*}}) -> tensor<2x16x20x32xf32>
func.func @whole(%x: tensor<2x18x22x32xf32>, %b: tensor<32xf32>) -> tensor<2x16x20x32xf32> {
  %w = girih.constant dense<1.0> : tensor<32x32x3x3xf32>
  %0 = girih.conv %x, %w, %b {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<2x18x22x32xf32>, tensor<32x32x3x3xf32>, tensor<32xf32>) -> tensor<2x16x20x32xf32>
  return %0 : tensor<2x16x20x32xf32>
}

// Where tiles go beyond the result, so do the zeros behind the pixels. Convolutions of one value share them.
// CHECK-LABEL: @beyond
// CHECK: %[[P:.*]] = girih.pad constant %arg0 {low = #girih.dims<0, 1, 1, 0>} : (tensor<1x27x25x32xf32>) -> tensor<1x30x30x32xf32>
// CHECK-NOT: girih.pad
// CHECK: girih.winograd_conv %[[P]], %{{.*}} {tile = 4 : i64} : {{.*}} -> tensor<1x27x25x64xf32>
// CHECK: girih.winograd_conv %[[P]], %{{.*}} {tile = 4 : i64} : {{.*}} -> tensor<1x27x25x64xf32>
func.func @beyond(%x: tensor<1x27x25x32xf32>) -> (tensor<1x27x25x64xf32>, tensor<1x27x25x64xf32>) {
  %w = girih.constant dense<1.0> : tensor<64x32x3x3xf32>
  %v = girih.constant dense<2.0> : tensor<64x32x3x3xf32>
  %p = girih.pad constant %x {low = #girih.dims<0, 1, 1, 0>} : (tensor<1x27x25x32xf32>) -> tensor<1x29x27x32xf32>
  %0 = girih.conv %p, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x29x27x32xf32>, tensor<64x32x3x3xf32>) -> tensor<1x27x25x64xf32>
  %1 = girih.conv %p, %v {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x29x27x32xf32>, tensor<64x32x3x3xf32>) -> tensor<1x27x25x64xf32>
  return %0, %1 : tensor<1x27x25x64xf32>, tensor<1x27x25x64xf32>
}

// Few tiles of many channels: weights four times as large would be read for little.
// CHECK-LABEL: @few_tiles
// CHECK: {tile = 2 : i64}
func.func @few_tiles(%x: tensor<1x12x12x64xf32>) -> tensor<1x10x10x64xf32> {
  %w = girih.constant dense<1.0> : tensor<64x64x3x3xf32>
  %0 = girih.conv %x, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x12x12x64xf32>, tensor<64x64x3x3xf32>) -> tensor<1x10x10x64xf32>
  return %0 : tensor<1x10x10x64xf32>
}

// A dynamic size that tiles divide, and one that they may not: it is padded to whole ones.
// CHECK-LABEL: @dynamic
// CHECK: girih.winograd_conv %arg0, {{.*}} -> tensor<?x?x16x32xf32, #girih.dims<n, h * 4, 16, 32>>
// CHECK: %[[P:.*]] = girih.pad constant %arg1 {{.*}} -> tensor<1x?x18x32xf32, #girih.dims<1, h ceildiv 4 * 4 + 2, 18, 32>>
// CHECK: girih.winograd_conv %[[P]], {{.*}} -> tensor<1x?x16x32xf32, #girih.dims<1, h, 16, 32>>
func.func @dynamic(%x: tensor<?x?x18x32xf32, #girih.dims<n, 4 * h + 2, 18, 32>>, %y: tensor<1x?x18x32xf32, #girih.dims<1, h + 2, 18, 32>>) -> (tensor<?x?x16x32xf32, #girih.dims<n, 4 * h, 16, 32>>, tensor<1x?x16x32xf32, #girih.dims<1, h, 16, 32>>) {
  %w = girih.constant dense<1.0> : tensor<32x32x3x3xf32>
  %0 = girih.conv %x, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<?x?x18x32xf32, #girih.dims<n, 4 * h + 2, 18, 32>>, tensor<32x32x3x3xf32>) -> tensor<?x?x16x32xf32, #girih.dims<n, 4 * h, 16, 32>>
  %1 = girih.conv %y, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x?x18x32xf32, #girih.dims<1, h + 2, 18, 32>>, tensor<32x32x3x3xf32>) -> tensor<1x?x16x32xf32, #girih.dims<1, h, 16, 32>>
  return %0, %1 : tensor<?x?x16x32xf32, #girih.dims<n, 4 * h, 16, 32>>, tensor<1x?x16x32xf32, #girih.dims<1, h, 16, 32>>
}

// Few channels, weights that a run gives, steps of 2, half precision.
// CHECK-LABEL: @as_is
// CHECK-NOT: girih.winograd_conv
func.func @as_is(%x: tensor<1x18x18x4xf32>, %y: tensor<1x18x18x32xf32>, %z: tensor<1x18x18x32xf16>, %v: tensor<32x32x3x3xf32>) -> (tensor<1x16x16x4xf32>, tensor<1x16x16x32xf32>, tensor<1x8x8x32xf32>, tensor<1x16x16x32xf16>) {
  %w = girih.constant dense<1.0> : tensor<4x4x3x3xf32>
  %s = girih.constant dense<1.0> : tensor<32x32x3x3xf32>
  %h = girih.constant dense<1.0> : tensor<32x32x3x3xf16>
  %0 = girih.conv %x, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x18x18x4xf32>, tensor<4x4x3x3xf32>) -> tensor<1x16x16x4xf32>
  %1 = girih.conv %y, %v {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x18x18x32xf32>, tensor<32x32x3x3xf32>) -> tensor<1x16x16x32xf32>
  %2 = girih.conv %y, %s {channels_last, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x18x18x32xf32>, tensor<32x32x3x3xf32>) -> tensor<1x8x8x32xf32>
  %3 = girih.conv %z, %h {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x18x18x32xf16>, tensor<32x32x3x3xf16>) -> tensor<1x16x16x32xf16>
  return %0, %1, %2, %3 : tensor<1x16x16x4xf32>, tensor<1x16x16x32xf32>, tensor<1x8x8x32xf32>, tensor<1x16x16x32xf16>
}
