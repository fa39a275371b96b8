"""What fine-tuning is made of: examples out of pairs, a batch, a loss, and what watches over it."""
