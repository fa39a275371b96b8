"""Training on several machines: trials by Ray Tune, one run by Ray Train.

What each of them does is `training.sweep.Attempt` and `training.finetune.train_here`, the same as
on one machine; only the handing out is here.
"""
