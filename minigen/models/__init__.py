"""Floor 6: models, one file a family. Sorted in order of increasing complexity."""

from minigen.models.autoencoder import Autoencoder
from minigen.models.char_lstm import CharLSTM, next_symbol, write_on
from minigen.models.code_gaussian import CodeGaussian
from minigen.models.conv_vae import ConvVAE, TransposedConvVAE
from minigen.models.dcgan import DCGAN, ConvGAN
from minigen.models.gan import GAN
from minigen.models.layers import ACTIVATIONS, dense_chain
from minigen.models.music import MusicLSTM
from minigen.models.rvae import RVAE
from minigen.models.sequence_autoencoder import SequenceAutoencoder
from minigen.models.transformer import Block, CharTransformer
from minigen.models.vae import VAE

__all__ = [
    "ACTIVATIONS",
    "DCGAN",
    "GAN",
    "RVAE",
    "VAE",
    "Autoencoder",
    "Block",
    "CharLSTM",
    "CharTransformer",
    "CodeGaussian",
    "ConvGAN",
    "ConvVAE",
    "MusicLSTM",
    "SequenceAutoencoder",
    "TransposedConvVAE",
    "dense_chain",
    "next_symbol",
    "write_on",
]
