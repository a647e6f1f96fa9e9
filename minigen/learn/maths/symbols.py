"""What LaTeX's names look like in a terminal: characters, their role, and plain ASCII.

A name that is not here is an error, never a guess: a formula that is shown wrongly is worse
than one that is not shown.
"""

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ",
    "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ",
    "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
# name -> (character, ASCII)
ORDINARY = {
    "infty": ("∞", "inf"), "partial": ("∂", "d"), "nabla": ("∇", "grad "), "ell": ("l", "l"),
    "forall": ("∀", "for all "), "exists": ("∃", "exists "), "emptyset": ("∅", "{}"),
    "top": ("ᵀ", "T"), "dots": ("…", "..."), "ldots": ("…", "..."), "cdots": ("⋯", "..."),
    "vdots": ("⋮", ":"), "ddots": ("⋱", "..."), "prime": ("′", "'"), "star": ("*", "*"),
    "ast": ("*", "*"), "hbar": ("ħ", "hbar"), "circ": ("∘", "o"), "bullet": ("•", "o"),
    "%": ("%", "%"), "#": ("#", "#"), "$": ("$", "$"), "_": ("_", "_"),
}  # fmt: skip
BINARY = {
    "cdot": ("·", "*"), "times": ("×", "x"), "odot": ("⊙", "(.)"), "pm": ("±", "+-"),
    "mp": ("∓", "-+"), "otimes": ("⊗", "(x)"), "oplus": ("⊕", "(+)"), "setminus": ("\\", "\\"),
    "cup": ("∪", "or"), "cap": ("∩", "and"), "wedge": ("∧", "and"), "vee": ("∨", "or"),
    "div": ("÷", "/"),
}  # fmt: skip
RELATIONS = {
    "le": ("≤", "<="), "leq": ("≤", "<="), "ge": ("≥", ">="), "geq": ("≥", ">="),
    "ne": ("≠", "!="), "neq": ("≠", "!="), "approx": ("≈", "~="), "equiv": ("≡", "=="),
    "sim": ("∼", "~"), "propto": ("∝", "prop. to"), "to": ("→", "->"), "mapsto": ("↦", "|->"),
    "rightarrow": ("→", "->"), "leftarrow": ("←", "<-"), "gets": ("←", "<-"),
    "Rightarrow": ("⇒", "=>"), "implies": ("⟹", "==>"), "Leftrightarrow": ("⇔", "<=>"),
    "iff": ("⟺", "<=>"), "in": ("∈", "in"), "notin": ("∉", "not in"), "subset": ("⊂", "subset"),
    "subseteq": ("⊆", "subset"), "perp": ("⊥", "perp."), "mid": ("|", "|"), "ll": ("≪", "<<"),
    "gg": ("≫", ">>"), "colon": (":", ":"), "parallel": ("∥", "||"), "leftrightarrow": ("↔", "<->"),
}  # fmt: skip
LARGE = {"sum": ("∑", "sum"), "prod": ("∏", "prod"), "int": ("∫", "int")}  # limits above and below
LIMITS = ("max", "min", "lim", "sup", "inf", "argmax", "argmin")
FUNCTIONS = (
    *LIMITS, "log", "exp", "ln", "sin", "cos", "tan", "tanh", "sinh", "cosh", "det", "dim", "arg",
    "Pr",
)  # fmt: skip
SPACES = {",": 1, ";": 1, ":": 1, " ": 1, "!": 0, "quad": 2, "qquad": 4}
ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "tilde": "\u0303",
    "widetilde": "\u0303", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7",
}  # fmt: skip
DELIMITERS = {
    "(": "(", ")": ")", "[": "[", "]": "]", "|": "|", ".": "", "/": "/", r"\{": "{", r"\}": "}",
    r"\|": "‖", r"\lVert": "‖", r"\rVert": "‖", r"\lvert": "|", r"\rvert": "|",
    r"\langle": "⟨", r"\rangle": "⟩", r"\lfloor": "⌊", r"\rfloor": "⌋", r"\lceil": "⌈",
    r"\rceil": "⌉", "<": "⟨", ">": "⟩", r"\lbrace": "{", r"\rbrace": "}",
}  # fmt: skip
ASCII_DELIMITERS = {"‖": "||", "⟨": "<", "⟩": ">", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")"}
ASCII_WORDS = "⌊⌋⌈⌉"  # written as a function with one pair of parentheses, however tall
# one row, then top, middle, bottom where it has to grow, and the centre of a brace
GROWING = {
    "(": ("⎛", "⎜", "⎝"), ")": ("⎞", "⎟", "⎠"), "[": ("⎡", "⎢", "⎣"), "]": ("⎤", "⎥", "⎦"),
    "{": ("⎧", "⎪", "⎩"), "}": ("⎫", "⎪", "⎭"), "|": ("│", "│", "│"), "‖": ("║", "║", "║"),
    "⌊": ("⎢", "⎢", "⎣"), "⌋": ("⎥", "⎥", "⎦"), "⌈": ("⎡", "⎢", "⎢"), "⌉": ("⎤", "⎥", "⎥"),
}  # fmt: skip
GROWING_ASCII = {"{": ("/", "|", "\\"), "}": ("\\", "|", "/")}
BRACE_CENTRE = {"{": "⎨", "}": "⎬"}

SUPERSCRIPT = dict(
    zip(
        "0123456789+-=()nijkabcdefghlmoprstuvwxyzTN−ᵀ′*",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱʲᵏᵃᵇᶜᵈᵉᶠᵍʰˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᴺ⁻ᵀ′*",
        strict=True,
    )
)
SUBSCRIPT = dict(
    zip(
        "0123456789+-=()aehijklmnoprstuvx−βγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₋ᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
DOUBLE_STRUCK = dict(zip("RNZQCEP", "ℝℕℤℚℂ𝔼ℙ", strict=True))
HALF = {("1", "2"): "½", ("1", "3"): "⅓", ("1", "4"): "¼", ("3", "4"): "¾"}
