// Every op, attribute and type parses, verifies, and prints as something that parses again.
// RUN: girih-opt %s | girih-opt | FileCheck %s
// RUN: girih-opt --mlir-print-op-generic %s | girih-opt | FileCheck %s

// CHECK-LABEL: func @constants
func.func @constants() {
  // CHECK: girih.constant dense<1.000000e+00> : tensor<2x3xf32>
  girih.constant dense<1.0> : tensor<2x3xf32>
  // CHECK: girih.constant dense_resource<weights> : tensor<2xf32>
  girih.constant dense_resource<weights> : tensor<2xf32>
  // CHECK: girih.shape <1, seq>
  girih.shape <1, seq>
  // CHECK: girih.shape scalar <past + 1>
  girih.shape scalar <past + 1>
  // CHECK: girih.dim <min(past + 1, 512)>
  girih.dim <min(past + 1, 512)>
  return
}

// CHECK-LABEL: func @dims
// CHECK-SAME: #girih.dims<1, seq, h * 2, min(past + 1, 512)>
// CHECK-SAME: #girih.dims<"x[3]" floordiv 2, n mod 4>
func.func @dims(%a: tensor<1x?x?x?xf32, #girih.dims<1, seq, 2 * h, min(past + 1, 512)>>,
                %b: tensor<?x?xui8, #girih.dims<"x[3]" floordiv 2, n mod 4>>) {
  return
}

// CHECK-LABEL: func @elementwise
func.func @elementwise(%x: tensor<?x4xf32, #girih.dims<n, 4>>, %y: tensor<4xf32>, %i: tensor<4xi32>) {
  // CHECK: girih.unary leaky_relu %{{.*}} {alpha = 0.00999999977 : f32} : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>>
  girih.unary leaky_relu %x {alpha = 0.01 : f32} : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>>
  // CHECK: girih.unary isnan %{{.*}} -> tensor<4xi1>
  girih.unary isnan %y : (tensor<4xf32>) -> tensor<4xi1>
  // CHECK: girih.binary add %{{.*}}, %{{.*}} : (tensor<?x4xf32, #girih.dims<n, 4>>, tensor<4xf32>) -> tensor<?x4xf32, #girih.dims<n, 4>>
  girih.binary add %x, %y : (tensor<?x4xf32, #girih.dims<n, 4>>, tensor<4xf32>) -> tensor<?x4xf32, #girih.dims<n, 4>>
  // CHECK: girih.binary pow %{{.*}}, %{{.*}} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  girih.binary pow %y, %i : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  // CHECK: girih.binary less
  %c = girih.binary less %x, %y : (tensor<?x4xf32, #girih.dims<n, 4>>, tensor<4xf32>) -> tensor<?x4xi1, #girih.dims<n, 4>>
  // CHECK: girih.where
  girih.where %c, %y, %x : (tensor<?x4xi1, #girih.dims<n, 4>>, tensor<4xf32>, tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>>
  // CHECK: girih.cast %{{.*}} {to = i64} : (tensor<4xf32>) -> tensor<4xi64>
  girih.cast %y {to = i64} : (tensor<4xf32>) -> tensor<4xi64>
  return
}

// A constant size meets a symbol: the constant is what the result has, and the runtime checks the input.
// CHECK-LABEL: func @assumed_sizes
func.func @assumed_sizes(%x: tensor<?xf32, #girih.dims<n>>, %y: tensor<8xf32>, %z: tensor<?xf32, #girih.dims<m>>) {
  girih.binary add %x, %y : (tensor<?xf32, #girih.dims<n>>, tensor<8xf32>) -> tensor<8xf32>
  girih.binary add %x, %z : (tensor<?xf32, #girih.dims<n>>, tensor<?xf32, #girih.dims<m>>) -> tensor<?xf32, #girih.dims<m>>
  return
}

// CHECK-LABEL: func @contractions
func.func @contractions(%a: tensor<?x8x16xf32, #girih.dims<b, 8, 16>>, %w: tensor<32x16xf32>, %v: tensor<16xf32>, %bias: tensor<32xf32>,
                        %x: tensor<1x4x?x9xf32, #girih.dims<1, 4, 2 * h, 9>>, %k: tensor<8x2x3x3xf32>, %last: tensor<1x7x9x4xf32>,
                        %t: tensor<4x3x2x2xf32>, %tiles: tensor<1x10x10x4xf32>, %points: tensor<6x6x4x6xf32>) {
  // CHECK: girih.matmul %{{.*}}, %{{.*}}, %{{.*}} {transpose_rhs} : {{.*}} -> tensor<?x8x32xf32, #girih.dims<b, 8, 32>>
  girih.matmul %a, %w, %bias {transpose_rhs} : (tensor<?x8x16xf32, #girih.dims<b, 8, 16>>, tensor<32x16xf32>, tensor<32xf32>) -> tensor<?x8x32xf32, #girih.dims<b, 8, 32>>
  // CHECK: girih.matmul {{.*}} -> tensor<?x8xf32, #girih.dims<b, 8>>
  girih.matmul %a, %v : (tensor<?x8x16xf32, #girih.dims<b, 8, 16>>, tensor<16xf32>) -> tensor<?x8xf32, #girih.dims<b, 8>>
  // CHECK: girih.matmul {{.*}} -> tensor<f32>
  girih.matmul %v, %v : (tensor<16xf32>, tensor<16xf32>) -> tensor<f32>
  // CHECK: girih.conv {{.*}} -> tensor<1x8x?x9xf32, #girih.dims<1, 8, h, 9>>
  girih.conv %x, %k {strides = array<i64: 2, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 2} : (tensor<1x4x?x9xf32, #girih.dims<1, 4, 2 * h, 9>>, tensor<8x2x3x3xf32>) -> tensor<1x8x?x9xf32, #girih.dims<1, 8, h, 9>>
  // CHECK: girih.conv {{.*}}channels_last{{.*}} -> tensor<1x3x5x8xf32>
  girih.conv %last, %k {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 2, 2>, group = 2, channels_last} : (tensor<1x7x9x4xf32>, tensor<8x2x3x3xf32>) -> tensor<1x3x5x8xf32>
  // CHECK: girih.winograd_conv {{.*}} {tile = 4 : i64} : {{.*}} -> tensor<1x5x8x6xf32>
  girih.winograd_conv %tiles, %points {tile = 4} : (tensor<1x10x10x4xf32>, tensor<6x6x4x6xf32>) -> tensor<1x5x8x6xf32>
  // CHECK: girih.conv_transpose {{.*}} -> tensor<1x3x?x19xf32, #girih.dims<1, 3, h * 4, 19>>
  girih.conv_transpose %x, %t {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 1>, group = 1} : (tensor<1x4x?x9xf32, #girih.dims<1, 4, 2 * h, 9>>, tensor<4x3x2x2xf32>) -> tensor<1x3x?x19xf32, #girih.dims<1, 3, 4 * h, 19>>
  return
}

// CHECK-LABEL: func @windows_and_reductions
func.func @windows_and_reductions(%x: tensor<1x4x7x?xf32, #girih.dims<1, 4, 7, w>>, %i: tensor<2x5xi32>) {
  // CHECK: girih.pool max {{.*}} -> tensor<1x4x4x?xf32, #girih.dims<1, 4, 4, w ceildiv 2>>
  girih.pool max %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x4x7x?xf32, #girih.dims<1, 4, 7, w>>) -> tensor<1x4x4x?xf32, #girih.dims<1, 4, 4, w ceildiv 2>>
  // CHECK: girih.pool lp {{.*}}p = 1
  girih.pool lp %x {kernel = array<i64: 7, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, p = 1 : i64} : (tensor<1x4x7x?xf32, #girih.dims<1, 4, 7, w>>) -> tensor<1x4x1x?xf32, #girih.dims<1, 4, 1, w>>
  // CHECK: girih.max_pool_indices {{.*}}column_major
  girih.max_pool_indices %x {kernel = array<i64: 7, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, column_major} : (tensor<1x4x7x?xf32, #girih.dims<1, 4, 7, w>>) -> tensor<1x4x1x?xi64, #girih.dims<1, 4, 1, w>>
  // CHECK: girih.reduce mean {{.*}} -> tensor<1x4x1x1xf32>
  girih.reduce mean %x {axes = array<i64: 2, 3>, keepdims = true} : (tensor<1x4x7x?xf32, #girih.dims<1, 4, 7, w>>) -> tensor<1x4x1x1xf32>
  // CHECK: girih.reduce sum {{.*}} -> tensor<i32>
  girih.reduce sum %i {axes = array<i64: 0, 1>, keepdims = false} : (tensor<2x5xi32>) -> tensor<i32>
  // CHECK: girih.arg_reduce {{.*}} -> tensor<1x4x7xi64>
  girih.arg_reduce %x {axis = 3, keepdims = false, minimum, select_last_index} : (tensor<1x4x7x?xf32, #girih.dims<1, 4, 7, w>>) -> tensor<1x4x7xi64>
  // CHECK: girih.bitcast {{.*}} -> tensor<2x5xf32>
  girih.bitcast %i {to = f32} : (tensor<2x5xi32>) -> tensor<2x5xf32>
  // CHECK: girih.cumsum
  girih.cumsum %i {axis = 1, exclusive, reverse} : (tensor<2x5xi32>) -> tensor<2x5xi32>
  return
}

// CHECK-LABEL: func @normalisations
func.func @normalisations(%x: tensor<?x4x8xf32, #girih.dims<n, 4, 8>>, %c: tensor<4xf32>, %s: tensor<8xf32>) {
  // CHECK: girih.softmax {{.*}}log
  girih.softmax %x {axis = 2, log} : (tensor<?x4x8xf32, #girih.dims<n, 4, 8>>) -> tensor<?x4x8xf32, #girih.dims<n, 4, 8>>
  // CHECK: girih.batch_norm
  girih.batch_norm %x, %c, %c, %c, %c {epsilon = 1.0e-5 : f32} : (tensor<?x4x8xf32, #girih.dims<n, 4, 8>>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4x8xf32, #girih.dims<n, 4, 8>>
  // CHECK: girih.layer_norm %{{.*}} scale %{{.*}} bias %{{.*}} {axis = 2
  girih.layer_norm %x scale %s bias %s {axis = 2, epsilon = 1.0e-5 : f32} : (tensor<?x4x8xf32, #girih.dims<n, 4, 8>>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x4x8xf32, #girih.dims<n, 4, 8>>
  // CHECK: girih.layer_norm %{{.*}} {axis = 1 {{.*}}rms
  girih.layer_norm %x {axis = 1, epsilon = 1.0e-5 : f32, rms} : (tensor<?x4x8xf32, #girih.dims<n, 4, 8>>) -> tensor<?x4x8xf32, #girih.dims<n, 4, 8>>
  // CHECK: girih.group_norm
  girih.group_norm %x, %c, %c {groups = 2, epsilon = 1.0e-5 : f32} : (tensor<?x4x8xf32, #girih.dims<n, 4, 8>>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4x8xf32, #girih.dims<n, 4, 8>>
  // CHECK: girih.lrn
  girih.lrn %x {alpha = 1.0e-4 : f32, beta = 0.75 : f32, bias = 1.0 : f32, size = 3} : (tensor<?x4x8xf32, #girih.dims<n, 4, 8>>) -> tensor<?x4x8xf32, #girih.dims<n, 4, 8>>
  return
}

// CHECK-LABEL: func @movement
func.func @movement(%x: tensor<?x6xf32, #girih.dims<n, 6>>, %b: tensor<3x4xi1>, %v: tensor<f32>) {
  // CHECK: girih.transpose {{.*}} -> tensor<6x?xf32, #girih.dims<6, n>>
  girih.transpose %x {permutation = array<i64: 1, 0>} : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<6x?xf32, #girih.dims<6, n>>
  // CHECK: girih.reshape {{.*}} -> tensor<?xf32, #girih.dims<n * 6>>
  girih.reshape %x : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<?xf32, #girih.dims<6 * n>>
  // CHECK: girih.expand
  girih.expand %x : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<2x?x6xf32, #girih.dims<2, n, 6>>
  // CHECK: girih.slice %{{.*}} {starts = #girih.dims<n + -1, 0>, steps = array<i64: 1, 2>}
  girih.slice %x {starts = #girih.dims<n - 1, 0>, steps = array<i64: 1, 2>} : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<1x3xf32>
  // CHECK: girih.pad constant %{{.*}}, %{{.*}} {low = #girih.dims<0, 2>}
  girih.pad constant %x, %v {low = #girih.dims<0, 2>} : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<f32>) -> tensor<?x9xf32, #girih.dims<n, 9>>
  // CHECK: girih.pad reflect
  girih.pad reflect %b {low = #girih.dims<1, -2>} : (tensor<3x4xi1>) -> tensor<4x2xi1>
  // CHECK: girih.concat {{.*}} -> tensor<?x6xf32, #girih.dims<n * 2, 6>>
  girih.concat %x, %x {axis = 0} : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<?x6xf32, #girih.dims<2 * n, 6>>
  // CHECK: girih.tile
  girih.tile %b : (tensor<3x4xi1>) -> tensor<6x4xi1>
  // CHECK: girih.trilu {{.*}}upper
  girih.trilu %b {k = -1, upper} : (tensor<3x4xi1>) -> tensor<3x4xi1>
  // CHECK: girih.resize cubic
  girih.resize cubic %x {coord = #girih<coord_mode half_pixel>, nearest = #girih<nearest_mode floor>, scales = array<f64: 1.0, 2.0>, roi = array<f64>, cubic_a = -0.75 : f32, extrapolation = 0.0 : f32, antialias} : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<?x12xf32, #girih.dims<n, 12>>
  return
}

// CHECK-LABEL: func @indices
func.func @indices(%x: tensor<?x6xf32, #girih.dims<n, 6>>, %i: tensor<2x3xi64>, %u: tensor<2x3xf32>, %s: tensor<f32>, %onoff: tensor<2xi1>) {
  // CHECK: girih.gather {{.*}} -> tensor<?x2x3xf32, #girih.dims<n, 2, 3>>
  girih.gather %x, %i {axis = 1} : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<2x3xi64>) -> tensor<?x2x3xf32, #girih.dims<n, 2, 3>>
  // CHECK: girih.gather_elements {{.*}} -> tensor<2x3xf32>
  girih.gather_elements %x, %i {axis = 1} : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<2x3xi64>) -> tensor<2x3xf32>
  // CHECK: girih.gather_nd {{.*}} -> tensor<f32>
  %t = girih.constant dense<0> : tensor<2xi64>
  girih.gather_nd %x, %t {batch_dims = 0} : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<2xi64>) -> tensor<f32>
  // CHECK: girih.scatter_elements {{.*}}fn = #girih<scatter_fn add>
  girih.scatter_elements %x, %i, %u {axis = 0, fn = #girih<scatter_fn add>} : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<2x3xi64>, tensor<2x3xf32>) -> tensor<?x6xf32, #girih.dims<n, 6>>
  // CHECK: girih.scatter_nd
  girih.scatter_nd %x, %t, %s {fn = #girih<scatter_fn none>} : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<2xi64>, tensor<f32>) -> tensor<?x6xf32, #girih.dims<n, 6>>
  // CHECK: girih.grid_sample {{.*}}align_corners{{.*}} -> tensor<2x7x4xf32>
  %image = girih.constant dense<0.0> : tensor<2x5x4xf32>
  %points = girih.constant dense<0.0> : tensor<2x7x1xf32>
  girih.grid_sample %image, %points {mode = #girih<resize_mode cubic>, outside = #girih<pad_mode reflect>, align_corners} : (tensor<2x5x4xf32>, tensor<2x7x1xf32>) -> tensor<2x7x4xf32>
  // CHECK: girih.roi_align {{.*}}half_pixel{{.*}} -> tensor<5x7x7x4xf32>
  %photo = girih.constant dense<0.0> : tensor<2x9x8x4xf32>
  %regions = girih.constant dense<0.0> : tensor<5x4xf32>
  %photos = girih.constant dense<0> : tensor<5xi64>
  girih.roi_align %photo, %regions, %photos {height = 7, width = 7, samples = 2, spatial_scale = 0.25 : f32, half_pixel} : (tensor<2x9x8x4xf32>, tensor<5x4xf32>, tensor<5xi64>) -> tensor<5x7x7x4xf32>
  // CHECK: girih.topk {{.*}} -> (tensor<?x2xf32, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>)
  girih.topk %x {axis = 1, smallest} : (tensor<?x6xf32, #girih.dims<n, 6>>) -> (tensor<?x2xf32, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>)
  // CHECK: girih.one_hot {{.*}} -> tensor<2x5x3xi1>
  girih.one_hot %i, %onoff {axis = 1} : (tensor<2x3xi64>, tensor<2xi1>) -> tensor<2x5x3xi1>
  // CHECK: girih.range {{.*}} -> tensor<?xf32, #girih.dims<n>>
  girih.range %s, %s : (tensor<f32>, tensor<f32>) -> tensor<?xf32, #girih.dims<n>>
  return
}

// CHECK-LABEL: func @combine
func.func @combine(%x: tensor<8xf32>, %m: tensor<f32>, %s: tensor<f32>) {
  linalg.generic {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> ()>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%x : tensor<8xf32>) outs(%m, %s : tensor<f32>, tensor<f32>) {
  ^bb0(%in: f32, %most: f32, %sum: f32):
    %0 = arith.maximumf %in, %most : f32
    %1 = arith.addf %in, %sum : f32
    // CHECK: %[[STATE:.*]]:2 = girih.combine(%{{.*}}, %{{.*}}) : f32, f32 {
    // CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32):
    %2:2 = girih.combine(%0, %1) : f32, f32 {
    ^bb0(%m1: f32, %s1: f32, %m2: f32, %s2: f32):
      %3 = arith.maximumf %m1, %m2 : f32
      %4 = arith.addf %s1, %s2 : f32
      // CHECK: girih.yield %{{.*}}, %{{.*}} : f32, f32
      girih.yield %3, %4 : f32, f32
    }
    // CHECK: linalg.yield %[[STATE]]#0, %[[STATE]]#1
    linalg.yield %2#0, %2#1 : f32, f32
  } -> (tensor<f32>, tensor<f32>)
  return
}

func.func private @kernel()

// CHECK-LABEL: func @kernels
func.func @kernels(%x: tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x8xf32, #girih.dims<n, 8>> {
  // CHECK: girih.kernel "relu1"(%{{.*}}) : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>> {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<?x4xf32, #girih.dims<n, 4>>):
  %r = girih.kernel "relu1"(%x) : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>> {
  ^bb0(%a: tensor<?x4xf32, #girih.dims<n, 4>>):
    %b = girih.unary relu %a : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>>
    // CHECK: girih.yield
    girih.yield %b : tensor<?x4xf32, #girih.dims<n, 4>>
  }
  // CHECK: girih.launch @kernel(%{{.*}}) {{{.*}}refs = [#girih.ref<input, 0, <0>>, #girih.ref<arena, 1, <n * 16>>]
  %l = girih.launch @kernel(%x) {dims = #girih.dims<n>, tasks = #girih.dims<n ceildiv 8>, flops = #girih.dims<4 * n>, bytes = #girih.dims<32 * n>,
    refs = [#girih.ref<input, 0, #girih.dims<0>>, #girih.ref<arena, 1, #girih.dims<16 * n>>],
    name = "relu2", in_place = array<i64: 0>,
    places = [#girih.place<0, offset = #girih.dims<0>, strides = #girih.dims<4, 1>>, #girih.place<1, offset = #girih.dims<0>, strides = #girih.dims<4, 1>>]} : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>>
  // CHECK: girih.kernel "relu3"{{.*}}variants = [#girih.variant<at_most = <n, 3>, schedule = [#girih.schedule<width = 4, fma = false, nest = [<d0, 4, lanes>]>]>]}
  %v = girih.kernel "relu3"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = false, nest = [<d0, 8, lanes>]>],
    variants = [#girih.variant<at_most = #girih.dims<n, 3>, schedule = [#girih.schedule<width = 4, fma = false, nest = [<d0, 4, lanes>]>]>]}
    : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>> {
  ^bb0(%a: tensor<?x4xf32, #girih.dims<n, 4>>):
    %b = girih.unary relu %a : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>>
    girih.yield %b : tensor<?x4xf32, #girih.dims<n, 4>>
  }
  // CHECK: girih.launch @kernel(%{{.*}}) {{{.*}}variants = [#girih.launch_variant<at_most = <n, 3>, kernel = @kernel, dims = <>, tasks = <1>, scratch = <0>>]}
  girih.launch @kernel(%x) {dims = #girih.dims<n>, tasks = #girih.dims<n>, flops = #girih.dims<n>, bytes = #girih.dims<n>,
    variants = [#girih.launch_variant<at_most = <n, 3>, kernel = @kernel, dims = <>, tasks = <1>, scratch = <0>>]} : (tensor<?x4xf32, #girih.dims<n, 4>>) -> ()
  // CHECK: girih.assemble %{{.*}}, %{{.*}} {offsets = [#girih.dims<0, 0>, #girih.dims<0, 4>]}
  %c = girih.assemble %r, %l {offsets = [#girih.dims<0, 0>, #girih.dims<0, 4>]} : (tensor<?x4xf32, #girih.dims<n, 4>>, tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x8xf32, #girih.dims<n, 8>>
  return %c : tensor<?x8xf32, #girih.dims<n, 8>>
}

{-#
  dialect_resources: { builtin: { weights: "0x040000000000803F00000040" } }
#-}
