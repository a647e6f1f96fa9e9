"""The RVAE's training step over sentences of unequal length, and what keeps its code alive.

A decoder that reads the words before can do without the code: it then costs KL and says nothing,
so q(z|x) becomes the prior, for good (posterior collapse). Three remedies: a weight on the KL that
rises from 0 (annealing), words that are hidden from the decoder (word dropout), and a KL that costs
nothing up to some nats a dimension (free bits).
"""

from typing import Any

from minigen.autograd import no_grad
from minigen.backend import Generator, asarray, xp
from minigen.data.sentences import WordVocabulary
from minigen.objectives import Elbo, elbo, free_bits_kl
from minigen.optim import UpdateRule, clip_by_norm
from minigen.training.method import check_limit
from minigen.training.sentences import SentenceMethod, judged_together, sentence_log_likelihood

EVALUATION_SEED = 1


def words_before(x: Any, hidden: float, rng: Generator) -> Any:
    """What the decoder reads: the end's 0, then the words but the last, each made unknown with
    probability ``hidden`` (word dropout, Bowman et al. 2016)."""
    module = xp(x)
    before = module.concatenate([module.zeros_like(x[:1]), x[:-1]])
    if hidden == 0:
        return before
    return module.where(rng.random(x.shape) < hidden, WordVocabulary.UNKNOWN, before)


def rvae_step(
    model: Any,
    rule: UpdateRule,
    x: Any,
    before: Any,
    lengths: Any,
    noise: Any,
    beta: float = 1.0,
    free: float = 0.0,
    max_norm: float | None = None,
) -> Elbo:
    """Climb the evidence lower bound of sentences once, on one batch.

    x, before, lengths, noise: as ``RVAE.forward`` takes them; beta: weight of the KL at this step;
    free: nats a dimension that cost nothing; max_norm: where the gradient's norm is clipped, or
    None. Returns the bound with beta and free, and its parts, before the step: means over the
    batch, in nats a sentence; the KL is the true one. Source: Bowman et al. 2016.
    """
    # (1) q(z|x) = N(μ, σ²), z = μ + σ ε, logits of p(x_t | z, words before)          [E.REPARAM]
    logits, mean, log_var = model(x, before, lengths, noise)
    # (2) ELBO = E_q[Σ_t log p(x_t | z, ...)] - β KL(q(z|x) || p(z))                   [E.ELBO]
    parts = elbo(sentence_log_likelihood(x, lengths, logits), mean, log_var, beta)
    if free:  # Σ_d max(λ, KL_d) in the place of the KL                             [E.FREEBITS]
        value = parts.reconstruction - beta * free_bits_kl(mean, log_var, free)
        parts = Elbo(value, parts.reconstruction, parts.kl)
    # (3) the gradient of -ELBO, backwards through all words
    rule.zero_grad()
    (-parts.value).backward()
    # (4) steep places are rare, but in recurrent nets very steep                   [E.CLIPNORM]
    if max_norm is not None:
        clip_by_norm(rule.params, max_norm)
    # (5) one step of the update rule
    rule.step()
    return parts


class RVAETraining(SentenceMethod):
    """How an RVAE is trained and judged.

    model, rule: what is trained, and by which update rule. rng: for noise and hidden words.
    annealing: steps over which the weight of the KL rises from 0 to 1; 0 for none. hide: the
    probability with which the decoder does not see the word before. free: nats a dimension of the
    code that cost nothing. max_norm: where the gradient's norm is clipped, or None.
    """

    name = "rvae"

    def __init__(
        self,
        model: Any,
        rule: UpdateRule,
        rng: Generator,
        annealing: int = 0,
        hide: float = 0.0,
        free: float = 0.0,
        max_norm: float | None = 5.0,
    ) -> None:
        self.model = model
        self.rules = {"rvae": rule}
        self.rng = rng
        if not isinstance(annealing, int) or annealing < 0 or not 0 <= hide < 1 or not free >= 0:
            raise ValueError(
                "RVAETraining: annealing must be an integer >= 0, hide in [0, 1) and free at least "
                f"0; got {annealing}, {hide}, {free}"
            )
        check_limit("RVAETraining", max_norm)
        self.annealing, self.hide, self.free, self.max_norm = annealing, hide, free, max_norm
        self.done = 0

    def beta(self) -> float:
        """The weight of the KL at the next step: min(1, steps done / annealing)."""
        return min(1.0, self.done / self.annealing) if self.annealing else 1.0

    def step(self, x: Any) -> dict[str, Any]:
        words, lengths = asarray(x[0]), asarray(x[1])
        before = words_before(words, self.hide, self.rng)
        noise = self.model.prior(words.shape[1], self.rng)
        beta, self.done = self.beta(), self.done + 1
        parts = rvae_step(
            self.model, self.rules["rvae"], words, before, lengths, noise,
            beta, self.free, self.max_norm,
        )  # fmt: skip
        reached = parts.reconstruction - parts.kl
        return {"elbo": reached, "reconstruction": parts.reconstruction, "kl": parts.kl}

    def evaluate(self, flat: Any) -> dict[str, float]:
        """Test ELBO and its parts, nats a sentence, one draw of z each; no word is hidden."""
        rng = Generator(EVALUATION_SEED)
        totals = {"test_elbo": 0.0, "test_reconstruction": 0.0, "test_kl": 0.0}
        with no_grad():
            for x, lengths in judged_together(flat):
                noise = self.model.prior(len(lengths), rng)
                logits, mean, log_var = self.model(x, words_before(x, 0, rng), lengths, noise)
                parts = elbo(sentence_log_likelihood(x, lengths, logits), mean, log_var)
                for name, value in zip(totals, parts, strict=True):
                    totals[name] += float(value) * len(lengths)
        return {name: total / len(flat) for name, total in totals.items()}
