"""A client in Python: tinygrad's CUDA backend, by NVRTC and ctypes. Prints "passed"."""
import numpy as np
from tinygrad import Device, Tensor, TinyJit

assert Device.DEFAULT == "CUDA"
random = np.random.default_rng(1)
a, b = (random.random((64, 64), np.float32) for _ in range(2))
np.testing.assert_allclose((Tensor(a) @ Tensor(b)).numpy(), a.astype(np.float64) @ b, rtol=1e-5)
e = np.exp(a.astype(np.float64))
np.testing.assert_allclose(Tensor(a).softmax().numpy(), e / e.sum(1, keepdims=True), rtol=1e-5)
half = (Tensor(a.astype(np.float16)) @ Tensor(b.astype(np.float16))).numpy()
np.testing.assert_allclose(half, a.astype(np.float64) @ b, rtol=1e-2)


@TinyJit
def step(x):
    return ((x @ x).relu() + 1).realize()


for _ in range(4):  # from the third on, a graph
    np.testing.assert_allclose(step(Tensor(a).realize()).numpy(), a.astype(np.float64) @ a + 1, rtol=1e-5)
print("passed")
