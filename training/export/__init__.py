"""From weights to a graph, torch-free: checkpoints are read, merged, and written as ONNX."""
