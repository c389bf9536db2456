select
    network,
    model_cutoff,
    epoch,
    train_loss,
    device,
    seconds,
    rows,
    seed
from training_runs
order by network asc, model_cutoff asc, epoch asc
