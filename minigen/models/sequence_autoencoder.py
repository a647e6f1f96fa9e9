"""The sequence autoencoder: a sentence through one vector and back (Srivastava et al. 2015).

Like the dense autoencoder it learns to reconstruct, and its codes get a Gaussian afterwards to
draw from. Unlike the RVAE's writer, the decoder reads the code alone and never the words before:
what it writes must all come through the code.
"""

from typing import Any

from minigen import nn
from minigen.autograd import no_grad
from minigen.backend import Array, Generator
from minigen.models.code_gaussian import CodeGaussian


class SequenceAutoencoder(nn.Module):
    """Words -> LSTM -> code c -> c at every step -> LSTM -> logits of the words.

    symbols: size of the vocabulary, 0 being the end of a sentence; embedding_size, hidden_size,
    code_size: of the parts; rng: where the weights are drawn. Sentences are integers (words, n),
    time first.
    """

    def __init__(
        self,
        symbols: int,
        embedding_size: int = 64,
        hidden_size: int = 256,
        code_size: int = 64,
        *,
        rng: Generator,
    ) -> None:
        self.embedding = nn.Embedding(symbols, embedding_size, rng=rng)
        self.encoder = nn.LSTM(embedding_size, hidden_size, rng=rng)
        self.code = nn.Dense(hidden_size, code_size, rng=rng)
        self.decoder = nn.LSTM(code_size, hidden_size, rng=rng)
        self.head = nn.Dense(hidden_size, symbols, rng=rng)
        self.gaussian = CodeGaussian(code_size)
        self.symbols, self.code_size = symbols, code_size

    def codes(self, x: Any, lengths: Any) -> Any:
        """One code a sentence, from the encoder's last state: x (steps, n), lengths (n,) ->
        (n, code_size)."""
        _, (h, _) = self.encoder(self.embedding(x), None, lengths)
        return self.code(h[-1])

    def logits(self, c: Any, steps: int) -> Any:
        """Logits of the word at each of so many steps: (n, code_size) -> (steps, n, symbols)."""
        h, _ = self.decoder(nn.RepeatVector(steps)(c))
        return self.head(h)

    def forward(self, x: Any, lengths: Any) -> Any:
        """Logits of the words of x (steps, n), through the code: (steps, n, symbols)."""
        return self.logits(self.codes(x, lengths), x.shape[0])

    def prior(self, n: int, rng: Generator) -> Array:
        """n codes from the Gaussian fitted to the training codes: (n, code_size)."""
        return self.gaussian.draw(n, rng)

    def write(self, c: Any, longest: int = 20) -> Array:
        """The most probable word at each step, for codes (n, code_size): (longest, n) integers."""
        with no_grad():
            return self.logits(c, longest).array.argmax(axis=2)
