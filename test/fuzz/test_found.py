"""What the fuzzer found that is no case of an operator's own tests."""
from support import Graph, check


def test_code_that_is_not_finished_in_one_iteration():
    """LLVM's InstCombine, named in a pipeline's text, was fatal where one more iteration would have found more."""
    graph = Graph(opset=20)
    x = graph.op("Transpose", graph.normal(17, 6, 6, dims=[17, "n", "n"]), perm=[2, 0, 1])
    values, at = graph.op("MaxPool", x, kernel_shape=[3], strides=[3], outputs=2)
    graph.output(graph.op("MaxUnpool", values, at, kernel_shape=[3], strides=[3]))
    check(graph)
