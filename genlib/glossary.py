"""The words of the field that pages use, each in one or two plain sentences. A page shows them where they stand."""

from __future__ import annotations

TERMS: dict[str, str] = {
    "checkpoint": "A model that was trained: its weights, and all that is needed to train it again. "
    "Its name in code says the model and the data, as in dcgan-faces.",
    "seed": "A number from which a model draws its chance. "
    "The same seed gives the same picture, today and tomorrow, here and on your machine.",
    "truncation": "How far from the usual the noise may lie that a picture is made from. "
    "Low values give typical, safe pictures; high ones more variety and more failures.",
    "temperature": "How much chance there is in each choice that a model makes. "
    "At 0 it always takes the likeliest; at 1 it follows what it learned.",
    "FID": "Fréchet inception distance: how far apart made and real pictures are, by what a classifier sees in them. "
    "Lower is better. The classifier is this project's own, so the number can't be compared with those of papers.",
    "KID": "Kernel inception distance: how far apart made and real pictures are, compared pair by pair. "
    "Lower is better.",
    "precision": "The share of made pictures that look real: they lie among real ones.",
    "recall": "The share of real pictures that the model could have made. Low means little variety.",
    "log-likelihood": "How likely a model holds a picture to be, in nats, units of the natural logarithm. "
    "Higher is likelier.",
    "autoregressive": "Made in order, each pixel from the probabilities that those before it give it. "
    "Their product is the probability of the whole picture.",
    "coupling layer": "A step of an invertible network: one half of the numbers stays, and says how the other half is "
    "stretched and shifted. So it can be undone exactly, and how much it stretches space is known.",
    "Gibbs sampling": "Drawing some numbers anew given all others, then the others given these, again and again. "
    "After many rounds what comes has the model's own law.",
    "contrastive divergence": "Learning by comparison: what the data shows becomes likelier, and what a short chain of "
    "draws from the model makes of it less likely.",
    "partition function": "The number that all unnormalised probabilities of a model add up to. "
    "Only divided by it they are probabilities, and for most models it can only be estimated.",
    "annealed importance sampling": "An estimate of the partition function, on a way of many small steps from a law "
    "whose own is known. It errs to one side, and the same way backwards to the other.",
    "mode": "One of the clusters that data consist of. A generator that leaves some of them out has collapsed modes.",
    "sigma": "Standard deviation: how wide a cluster is. Of a round one in the plane, 98.9 % lie within three sigma.",
    "KL": "Kullback-Leibler divergence, in nats: how surprised one is by the first law who expects the second. It is 0 "
    "where they are the same, and large where the second leaves out what the first has.",
    "Jensen-Shannon": "A divergence that treats two laws alike, in nats: 0 where they are the same, 0.693 (log 2) "
    "where they share nothing.",
    "earth mover's distance": "How far the samples have to be carried, on average, to lie where the data do.",
    "latent": "The few numbers that a model makes a picture from. Near numbers give pictures that look alike.",
}


def gloss(term: str) -> str:
    """What a term means; empty where it is none of ours."""
    return TERMS.get(term, "")
