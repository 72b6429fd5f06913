"""Checkpoints on the Hugging Face Hub: pull one into a cache on this disk, push one to a repository.

A repository holds what checkpoints/NAME/ holds: config.json, model.safetensors, README.md and perhaps moments.webp.
Nothing else is fetched.
A pull goes through these steps and ends at the first that answers:

    cached      A pinned commit that is in the cache costs no request at all.
    look        Otherwise one request asks which commit it is, which files it has, how large they are, and what their
                hashes are. It is answered within download.LOOK_S seconds or given up. A cached commit ends it here.
    download    Those files at that one commit, config.json first. Their sizes are checked before, and the config
                before the weights are asked for.
    verify      Every file is compared with the hash that names it, each time. A damaged one is removed from the cache.

Where a step fails and an earlier copy of the same revision is cached, that copy serves, with a note that says so.

    download.py     pull, and Download, which does it in a thread
    look.py         the one request
    cache.py        the files on this disk
    upload.py       push
    client.py       what is changed in the official client, which does the talking
    sentences.py    names that are checked, errors as sentences
"""

from genlib.hub.cache import Token, cache_of
from genlib.hub.download import Download, pull
from genlib.hub.sentences import HubError
from genlib.hub.upload import Push, push

__all__ = ["Download", "HubError", "Push", "Token", "cache_of", "pull", "push"]
