from image_fixtures import one_thread, write_images

__all__ = ["one_thread", "write_images"]
