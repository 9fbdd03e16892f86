from image_fixtures import write_images

__all__ = ["write_images"]
