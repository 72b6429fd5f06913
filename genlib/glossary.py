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
    "change of variables": "If a map stretches a place to twice its size, the density there halves. So the density of "
    "x is that of where x goes, times how much the map stretches space at x (the determinant of its Jacobian).",
    "Gibbs sampling": "Drawing some numbers anew given all others, then the others given these, again and again. "
    "After many rounds what comes has the model's own law.",
    "free energy": "How unlikely a model holds a picture to be, up to a constant that it does not know: it falls as a "
    "chain finds what is likely, and ten nats less are e to the tenth, or 22,000, times as likely.",
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
    "nats": "Units of surprise, by the natural logarithm: what has a probability of 1 in 2.7 surprises by one nat. "
    "A picture's log-likelihood is minus all its surprise.",
    "bits per dimension": "The same surprise in bits, for each number of the picture (its pixels, times its colours). "
    "Lower is likelier; a fair coin for each pixel has 1.",
    "exact": "The model has a formula for the probability of a picture, and this is its value.",
    "lower bound": "The true log-likelihood is at least this, and may be higher: how much is not known. "
    "So a bound is not set against an exact number.",
    "estimate": "The true log-likelihood may be higher or lower.",
    "unnormalised": "Only differences between pictures of the same model mean something: a constant is unknown.",
    "importance samples": "Draws of latents that could have made the picture. "
    "The more of them are averaged, the closer the bound comes to the true value from below.",
    "binarised": "Each grey pixel was made on or off by a coin that falls on with the grey as its probability: "
    "once for each picture, and the same way for every model.",
    "dequantised": "Noise as wide as one step of grey was added, because a density needs numbers without steps.",
    "surprise": "Minus the logarithm of the probability that the model gave to what is there: 0 where it was certain.",
    "typicality": "How far a picture's log-likelihood is from that of usual training pictures, up or down. "
    "What is much likelier than usual is odd, too.",
    "reconstruction error": "How much a picture changes when the model encodes and decodes it again "
    "(root mean square over its pixels).",
    "AUROC": "How often a stranger looks odder than a test picture, of all pairs of the two: "
    "1 tells them apart always, 0.5 is chance, below it the score points the wrong way.",
    "latent": "The few numbers that a model makes a picture from. Near numbers give pictures that look alike.",
}


def gloss(term: str) -> str:
    """What a term means; empty where it is none of ours."""
    return TERMS.get(term, "")
