from image_fixtures import fashion_mnist, one_thread, write_images

__all__ = ["fashion_mnist", "one_thread", "write_images"]
