// 56 rows times constant weights, K = 200; test/CPU/predict.test puts a schedule in the place of SCHEDULE.
func.func @main(%x: tensor<56x200xf32>) -> tensor<56x48xf32> {
  %w = girih.constant dense<1.0> : tensor<200x48xf32>
  %r = girih.kernel "product"(%x, %w) attributes {schedule = [#girih.scheduleSCHEDULE]} : (tensor<56x200xf32>, tensor<200x48xf32>) -> tensor<56x48xf32> {
  ^bb0(%x0: tensor<56x200xf32>, %w0: tensor<200x48xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<56x48xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<56x48xf32>) -> tensor<56x48xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x0, %w0 : tensor<56x200xf32>, tensor<200x48xf32>) outs(%f : tensor<56x48xf32>) {
    ^bb0(%a: f32, %c: f32, %acc: f32):
      %m = arith.mulf %a, %c : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<56x48xf32>
    girih.yield %p : tensor<56x48xf32>
  }
  return %r : tensor<56x48xf32>
}
