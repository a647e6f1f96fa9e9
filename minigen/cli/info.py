"""``minigen info``: what this installation runs on."""

import json

import click

from minigen.backend import info
from minigen.backend.cupy import version


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def info_command(as_json: bool) -> None:
    """Show versions, the BLAS behind NumPy, and the GPU or why there is none.

    Put this output beside every timing, and into every report of a problem.
    """
    values = info()
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    blas, gpu = values["blas"], values["gpu"]
    click.echo(f"minigen   {values['minigen']} on Python {values['python']}, {values['platform']}")
    click.echo(f"backend   {values['backend']} (choose with MINIGEN_BACKEND=numpy|cupy|auto)")
    click.echo(f"          {values['backend_choice']}")
    click.echo(f"packages  {', '.join(f'{n} {v}' for n, v in values['packages'].items())}")
    click.echo(
        f"BLAS      {blas['name']} {blas['version']}, kernels for {blas.get('architecture')}, "
        f"{blas['threads']} threads on {values['cpus']} processors"
        + (" (forced by OPENBLAS_CORETYPE)" if blas.get("forced_architecture") else "")
    )
    path, why = values["compiler"]["path"], values["compiler"]["why"]
    click.echo(f"compiler  {path or 'none'}: {why}")
    if path:
        click.echo("          tried at the first large LSTM")
    if not gpu["usable"]:
        click.echo(f"GPU       none: {gpu['why']}")
        return
    click.echo(
        f"GPU       {gpu['name']}, {gpu['memory_bytes'] / 2**30:.0f} GiB, compute capability "
        f"{gpu['compute_capability']}"
    )
    click.echo(
        f"CUDA      cupy {gpu['cupy']} with CUDA {version(gpu['cuda_runtime'])}, driver for CUDA "
        f"{version(gpu['cuda_driver'])}"
    )
    precision = "rounded to TF32 (CUPY_TF32=1)" if gpu["tf32"] else "not rounded to TF32"
    click.echo(f"          products of float32 {precision}")
