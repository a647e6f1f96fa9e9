"""How long minigen takes, measured beside another engine in the same run.

``python -m benchmarks.cpu`` times whole training steps. A workload is two small files of one
name, ``minigen_side/NAME.py`` and ``torch_side/NAME.py``; each has a function ``make_step()``
that returns a function without arguments: one training step, from drawing the mini-batch to
the moved parameters. Put both files there and the workload is part of the benchmark; the first
line of minigen's file is its description.
"""
