"""The storm: random writers, rivals, kills and open transactions against the whole backbone, and what is then found.

`weather` says how hard it blows, `place` where, `backbone` through what, `writers` and `runners` blow, `findings`
counts what is wrong afterwards, `mutants` are backbones with one protection taken away.
"""
