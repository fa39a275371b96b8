#!/usr/bin/env bash
# Trains the voice `newsroom` from the corpus it was made of: Webis-Clickbait-22 as JSON lines with
# the keys article, tweet, title. About half an hour on two cores. docs/experiments.md says why these
# settings; models/newsroom/README.md has the figures they gave.
#
#   bash training/recipes/newsroom.sh PAIRS.jsonl [WORK]
#
# Stopped half-way, the same command goes on.
set -euo pipefail
pairs=${1:?usage: newsroom.sh PAIRS.jsonl [WORK]}
work=${2:-work/newsroom}
train() { "${PYTHON:-python}" -m training "$@"; }

# The sums of a step depend on the number of threads; two threads give the same adapter again.
export OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive
cd "$(dirname "$0")/../.."

train pairs --work "$work" --from "$pairs" --dev-share 0.08 --test-share 0.08
train finetune --work "$work" --base smollm2-135m-instruct \
  --rate 5e-4 --rank 16 --alpha 32 --epochs 2 --keep last --batch-size 16 --micro-batch-size 4 \
  --title-drop 0.5 --sentence-case --max-teaser 0.99 --ungrounded-weight 0
train export --work "$work" --name newsroom --title Newsroom \
  --description "Article to tweet, in the tone of a news desk: an adapter on SmolLM2 135M Instruct."
for split in test dev; do
  train evaluate --model newsroom --pairs "$work/pairs.jsonl" --split "$split" \
    --json "$work/$split.json" --html "$work/$split.html"
done
train card --work "$work" --name newsroom --evaluation "$work/test.json" \
  --data "Webis-Clickbait-22 (Hagen et al. 2022): posts of news outlets, with the articles they linked to." \
  --data-licence "CC BY 4.0"
