"""The recurrent variational autoencoder: a code for a whole sentence (Bowman et al. 2016)."""

from typing import Any

from minigen import nn
from minigen.autograd import no_grad
from minigen.backend import Array, Generator, xp
from minigen.functional import reparameterise
from minigen.ops import concatenate


class RVAE(nn.Module):
    """Encoder q(z|x) = N(μ, σ²) from the last state of an LSTM over the words; prior N(0, I);
    decoder p(x|z) = Π p(x_t | z, x_1 ... x_{t-1}): an LSTM that at each step reads z and the word
    before.

    symbols: size of the vocabulary, 0 being the end of a sentence (and what stands before its
    beginning); embedding_size, hidden_size, code_size: of the parts; rng: where the weights are
    drawn. Sentences are integers (words, n), time first.
    """

    def __init__(
        self,
        symbols: int,
        embedding_size: int = 64,
        hidden_size: int = 128,
        code_size: int = 16,
        *,
        rng: Generator,
    ) -> None:
        self.embedding = nn.Embedding(symbols, embedding_size, rng=rng)
        self.encoder = nn.LSTM(embedding_size, hidden_size, rng=rng)
        self.mean = nn.Dense(hidden_size, code_size, rng=rng)
        self.log_var = nn.Dense(hidden_size, code_size, rng=rng)
        self.decoder = nn.LSTM(embedding_size + code_size, hidden_size, rng=rng)
        self.head = nn.Dense(hidden_size, symbols, rng=rng)
        self.symbols, self.code_size = symbols, code_size

    def encode(self, x: Any, lengths: Any) -> tuple[Any, Any]:
        """Mean and log-variance of q(z|x), (n, code_size) each; x (steps, n), lengths (n,)."""
        _, (h, _) = self.encoder(self.embedding(x), None, lengths)
        return self.mean(h[-1]), self.log_var(h[-1])

    def codes(self, x: Any, lengths: Any) -> Any:
        """The mean of q(z|x), (n, code_size)."""
        return self.encode(x, lengths)[0]

    def logits(self, z: Any, before: Any, state: Any = None) -> tuple[Any, Any]:
        """Logits of each word, given z (n, code_size) and the words before: (steps, n) ->
        (steps, n, symbols); and the decoder's state after the last."""
        repeated = nn.RepeatVector(before.shape[0])(z)
        h, state = self.decoder(concatenate([self.embedding(before), repeated], axis=2), state)
        return self.head(h), state

    def forward(self, x: Any, before: Any, lengths: Any, noise: Any) -> tuple[Any, Any, Any]:
        """Logits of the words of x at z = μ + σ · noise [E.REPARAM], and q's mean and log-variance.

        x: (steps, n); before: the words that the decoder reads, x moved by one, some of them made
        unknown; lengths: (n,); noise: (n, code_size) from N(0, I), or zeros for z = μ.
        """
        mean, log_var = self.encode(x, lengths)
        logits, _ = self.logits(reparameterise(mean, log_var, noise), before)
        return logits, mean, log_var

    def prior(self, n: int, rng: Generator) -> Array:
        """n codes z ~ N(0, I): (n, code_size)."""
        return rng.normal((n, self.code_size), self.parameters()[0].dtype)

    def write(self, z: Any, longest: int = 20) -> Array:
        """The most probable word at each step, for codes (n, code_size): (longest, n) integers.
        Raises ValueError for no step."""
        if longest < 1:
            raise ValueError(f"RVAE.write: longest must be at least 1; got {longest}")
        module = xp(z)
        word, state, written = module.zeros((1, len(z)), dtype="int64"), None, []
        with no_grad():
            for _ in range(longest):
                logits, state = self.logits(z, word, state)
                word = logits.array.argmax(axis=2)
                written.append(word)
        return module.concatenate(written)
