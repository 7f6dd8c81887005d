package Excel::Writer::XLSX::Shape;

use 5.014;
use strict;
use warnings;

use Carp ();

our $VERSION = '1.11';
our $AUTOLOAD;

$Carp::Internal{ (__PACKAGE__) }++;

sub _made { my ( $class, $stream, %properties ) = @_; return bless {%properties}, $class }

sub _insert_into { Carp::croak('insert_shape() is not covered by CPANBridge') }

1;

__END__

=encoding utf8

=head1 NAME

Excel::Writer::XLSX::Shape - CPANBridge's replacement: a shape, which is not covered

=head1 DESCRIPTION

Part of L<Excel::Writer::XLSX>, where what is covered and what not is told.

C<add_shape> of L<Excel::Writer::XLSX> gives such an object, so that programs can describe shapes; C<insert_shape> croaks.

=cut
