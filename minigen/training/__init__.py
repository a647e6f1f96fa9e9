"""Floor 7: the visible loops. A step function is the mathematics of one training step; one
trainer runs them all; a run directory keeps what came out."""

from minigen.training.autoencoder import AutoencoderTraining, autoencoder_step
from minigen.training.gallery import Gallery
from minigen.training.gan import GANLosses, GANTraining, gan_step
from minigen.training.history import History
from minigen.training.language import LanguageTraining, language_step
from minigen.training.method import Method
from minigen.training.music import MusicTraining, music_step
from minigen.training.music_gallery import MusicGallery
from minigen.training.pictures import save_images, save_side_by_side
from minigen.training.run import MODELS, RunError, load_run, new_directory, train_run
from minigen.training.rvae import RVAETraining, rvae_step
from minigen.training.sentence_gallery import SentenceGallery
from minigen.training.sequence_autoencoder import (
    SequenceAutoencoderTraining,
    sequence_autoencoder_step,
)
from minigen.training.steps import check_capturable
from minigen.training.text_gallery import TextGallery
from minigen.training.trainer import DivergenceError, Trainer
from minigen.training.vae import VAETraining, vae_step
from minigen.training.ways import between

__all__ = [
    "MODELS",
    "AutoencoderTraining",
    "DivergenceError",
    "GANLosses",
    "GANTraining",
    "Gallery",
    "History",
    "LanguageTraining",
    "Method",
    "MusicGallery",
    "MusicTraining",
    "SentenceGallery",
    "RVAETraining",
    "RunError",
    "SequenceAutoencoderTraining",
    "TextGallery",
    "Trainer",
    "VAETraining",
    "autoencoder_step",
    "between",
    "check_capturable",
    "gan_step",
    "language_step",
    "load_run",
    "music_step",
    "new_directory",
    "rvae_step",
    "save_images",
    "save_side_by_side",
    "sequence_autoencoder_step",
    "train_run",
    "vae_step",
]
