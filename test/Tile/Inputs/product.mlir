// n rows times constant weights, K = 200; test/Tile/schedule.test puts a schedule in the place of SCHEDULE.
func.func @main(%x: tensor<?x200xf32, #girih.dims<n, 200>>) -> tensor<?x48xf32, #girih.dims<n, 48>> {
  %w = girih.constant dense<1.0> : tensor<200x48xf32>
  %r = girih.kernel "product"(%x, %w) attributes {schedule = [#girih.scheduleSCHEDULE]}
    : (tensor<?x200xf32, #girih.dims<n, 200>>, tensor<200x48xf32>) -> tensor<?x48xf32, #girih.dims<n, 48>> {
  ^bb0(%x0: tensor<?x200xf32, #girih.dims<n, 200>>, %w0: tensor<200x48xf32>):
    %zero = arith.constant 0.0 : f32
    %n = girih.dim #girih.dims<n>
    %e = tensor.empty(%n) : tensor<?x48xf32, #girih.dims<n, 48>>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x48xf32, #girih.dims<n, 48>>) -> tensor<?x48xf32, #girih.dims<n, 48>>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x0, %w0 : tensor<?x200xf32, #girih.dims<n, 200>>, tensor<200x48xf32>) outs(%f : tensor<?x48xf32, #girih.dims<n, 48>>) {
    ^bb0(%a: f32, %c: f32, %acc: f32):
      %m = arith.mulf %a, %c : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x48xf32, #girih.dims<n, 48>>
    girih.yield %p : tensor<?x48xf32, #girih.dims<n, 48>>
  }
  return %r : tensor<?x48xf32, #girih.dims<n, 48>>
}
