"""CoNeTTE: an inference module of our own for the published weights of a network that writes captions of sounds.

Source of the architecture, geometry and names of weights: the conette package (MIT, Etienne Labbe) and its paper, Labbe
et al., "CoNeTTE: An efficient Audio Captioning system leveraging multiple datasets with Task Embedding" (2023). The
package itself needs a torch of 2022 and cannot be installed beside ours; `make parity` compares the two.
"""
