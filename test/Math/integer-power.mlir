// RUN: girih-opt %s -girih-expand-math | FileCheck %s

// By squares, as long as an exponent has bits left.
// CHECK-LABEL: @vector
// CHECK: %[[R:.*]]:3 = scf.while (%{{.*}} = %{{.*}}, %[[S:.*]] = %arg0, %[[E:.*]] = %arg1)
// CHECK: %[[ANY:.*]] = vector.reduction <or>, %[[E]]
// CHECK: arith.cmpi ne, %[[ANY]]
// CHECK: scf.condition
// CHECK: arith.muli
// CHECK: arith.muli %[[Q:.*]], %[[Q]]
// CHECK: arith.shrui
// CHECK: return %[[R]]#0
func.func @vector(%x: vector<8xi64>, %y: vector<8xi64>) -> vector<8xi64> {
  %0 = math.ipowi %x, %y : vector<8xi64>
  return %0 : vector<8xi64>
}

// CHECK-LABEL: @scalar
// CHECK: scf.while
// CHECK-NOT: vector
func.func @scalar(%x: i32, %y: i32) -> i32 {
  %0 = math.ipowi %x, %y : i32
  return %0 : i32
}
