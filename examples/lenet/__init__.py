"""The modernised LeNet on small grey images: data, model and training, for the demo."""
