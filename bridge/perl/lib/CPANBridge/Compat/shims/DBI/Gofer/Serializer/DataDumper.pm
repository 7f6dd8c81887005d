package DBI::Gofer::Serializer::DataDumper;

use strict;
use warnings;

use Data::Dumper ();

use DBI::Gofer::Serializer::Base ();

our $VERSION = '0.009950';
our @ISA     = 'DBI::Gofer::Serializer::Base';

sub serialize {
    my ( $self, $data ) = @_;
    my $text = Data::Dumper->new( [$data] )->Indent(1)->Terse(1)->Useqq(1)->Sortkeys(1)->Dump;
    return $self->_with_class( $text, wantarray );
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::Gofer::Serializer::DataDumper - requests and answers of Gofer to look at, by CPANBridge

=head1 DESCRIPTION

Part of L<DBD::Gofer>. What it writes is for people; it cannot be read again.

=head1 METHODS

=head2 serialize

=cut
