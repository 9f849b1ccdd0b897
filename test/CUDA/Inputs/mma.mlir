// Products that tensor cores take, and one that they do not.
#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#sums = affine_map<(m, n, k) -> (m, n)>
#here = affine_map<(m, n) -> (m, n)>
func.func @main(%product_x: tensor<64x128xf16> {girih.name = "product_x"}, %product_w: tensor<128x64xf16> {girih.name = "product_w"}, %odd_x: tensor<64x128xf16> {girih.name = "odd_x"}, %odd_w: tensor<128x33xf16> {girih.name = "odd_w"}, %wide_x: tensor<64x128xf32> {girih.name = "wide_x"}, %wide_w: tensor<128x64xf32> {girih.name = "wide_w"})
    -> (tensor<64x64xf16> {girih.name = "product"}, tensor<64x33xf16> {girih.name = "odd"}, tensor<64x64xf32> {girih.name = "wide"}) {
    %product = girih.kernel "product"(%product_x, %product_w) : (tensor<64x128xf16>, tensor<128x64xf16>) -> tensor<64x64xf16> {
    ^bb0(%x: tensor<64x128xf16>, %w: tensor<128x64xf16>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<64x64xf32>
      %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
      %sum = linalg.generic {indexing_maps = [#left, #right, #sums], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<64x128xf16>, tensor<128x64xf16>) outs(%f : tensor<64x64xf32>) {
        ^bb0(%in: f16, %in_0: f16, %out: f32):
          %wide0 = arith.extf %in : f16 to f32
          %wide1 = arith.extf %in_0 : f16 to f32
          %p = arith.mulf %wide0, %wide1 : f32
          %s = arith.addf %out, %p : f32
          linalg.yield %s : f32
      } -> tensor<64x64xf32>
      %narrow = tensor.empty() : tensor<64x64xf16>
      %result = linalg.generic {indexing_maps = [#here, #here], iterator_types = ["parallel", "parallel"]} ins(%sum : tensor<64x64xf32>) outs(%narrow : tensor<64x64xf16>) {
      ^bb0(%in: f32, %out: f16):
        %v = arith.truncf %in : f32 to f16
        linalg.yield %v : f16
      } -> tensor<64x64xf16>
      girih.yield %result : tensor<64x64xf16>
    }
    %odd = girih.kernel "odd"(%odd_x, %odd_w) : (tensor<64x128xf16>, tensor<128x33xf16>) -> tensor<64x33xf16> {
    ^bb0(%x: tensor<64x128xf16>, %w: tensor<128x33xf16>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<64x33xf32>
      %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x33xf32>) -> tensor<64x33xf32>
      %sum = linalg.generic {indexing_maps = [#left, #right, #sums], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<64x128xf16>, tensor<128x33xf16>) outs(%f : tensor<64x33xf32>) {
        ^bb0(%in: f16, %in_0: f16, %out: f32):
          %wide0 = arith.extf %in : f16 to f32
          %wide1 = arith.extf %in_0 : f16 to f32
          %p = arith.mulf %wide0, %wide1 : f32
          %s = arith.addf %out, %p : f32
          linalg.yield %s : f32
      } -> tensor<64x33xf32>
      %narrow = tensor.empty() : tensor<64x33xf16>
      %result = linalg.generic {indexing_maps = [#here, #here], iterator_types = ["parallel", "parallel"]} ins(%sum : tensor<64x33xf32>) outs(%narrow : tensor<64x33xf16>) {
      ^bb0(%in: f32, %out: f16):
        %v = arith.truncf %in : f32 to f16
        linalg.yield %v : f16
      } -> tensor<64x33xf16>
      girih.yield %result : tensor<64x33xf16>
    }
    %wide = girih.kernel "wide"(%wide_x, %wide_w) : (tensor<64x128xf32>, tensor<128x64xf32>) -> tensor<64x64xf32> {
    ^bb0(%x: tensor<64x128xf32>, %w: tensor<128x64xf32>):
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<64x64xf32>
      %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
      %sum = linalg.generic {indexing_maps = [#left, #right, #sums], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<64x128xf32>, tensor<128x64xf32>) outs(%f : tensor<64x64xf32>) {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %p = arith.mulf %in, %in_0 : f32
          %s = arith.addf %out, %p : f32
          linalg.yield %s : f32
      } -> tensor<64x64xf32>
      girih.yield %sum : tensor<64x64xf32>
    }
    return %product, %odd, %wide : tensor<64x64xf16>, tensor<64x33xf16>, tensor<64x64xf32>
}
