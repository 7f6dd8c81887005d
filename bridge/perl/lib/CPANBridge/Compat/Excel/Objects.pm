package CPANBridge::Compat::Excel::Objects;

# What lies on a worksheet: charts, pictures, tables, and rules about its cells.
use 5.014;
use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Compat::Excel::Dates;
use CPANBridge::Compat::Excel::Stream;

our $VERSION = '0.1.0';

*_text = \&CPANBridge::Compat::Excel::Stream::text;

# --- pictures and charts ------------------------------------------------------------------------------------------

# A picture's content for the daemon, and its name.
sub _picture {
    my ( $self, $file, $method ) = @_;
    my $content = Excel::Writer::XLSX::Workbook::_content($file);
    Carp::croak("Couldn't open $file in $method(): $!") if !defined $content;
    ( my $name = $file ) =~ s{.*[/\\]}{};
    utf8::decode($name);
    return ( $self->{_stream}->blob($content), _text($name) );
}

# Options, or the older list of numbers.
sub _placed {
    my (@given) = @_;
    return { %{ $given[0] } } if ref $given[0] eq 'HASH';
    my %options;
    @options{qw(x_offset y_offset x_scale y_scale object_position)} = @given;
    delete $options{$_} for grep { !defined $options{$_} } keys %options;
    return \%options;
}

sub insert_chart {
    my ( $self, @args ) = @_;
    my ( $row, $column, $chart, @options ) = $self->_numbered(@args);
    Carp::croak('Insufficient arguments in insert_chart()') if !defined $chart;
    if ( !Scalar::Util::blessed($chart) ) { Carp::croak('Not a Chart object in insert_chart()') }
    Carp::croak('Not a embedded style Chart object in insert_chart()') if !$chart->isa('Excel::Writer::XLSX::Chart');
    return -2 if $self->_outside( $row, $column );
    $self->_op( insert_chart => $row, $column, $chart, _placed(@options) );
    return;
}

sub insert_image {
    my ( $self, @args ) = @_;
    my ( $row, $column, $file, @options ) = $self->_numbered(@args);
    Carp::croak('Insufficient arguments in insert_image()') if !defined $file;
    return -2 if $self->_outside( $row, $column );
    my $options = _placed(@options);
    $self->_op( insert_image => $row, $column, $self->_picture( $file, 'insert_image' ), $options );
    return;
}

sub set_background {
    my ( $self, $file ) = @_;
    Carp::croak('Insufficient arguments in set_background()') if !defined $file;
    return $self->_op( set_background => $self->_picture( $file, 'set_background' ) );
}

sub insert_button {
    my ( $self, @args ) = @_;
    my ( $row, $column, $options ) = $self->_numbered(@args);
    return -2 if $self->_outside( $row, $column );
    $self->_op( insert_button => $row, $column, { %{ $options || {} } } );
    return 0;
}

sub insert_shape {
    my ( $self, @args ) = @_;
    my ( $row, $column, $shape, @offsets ) = $self->_numbered(@args);
    Carp::croak('Insufficient arguments in insert_shape()') if !defined $shape;
    return $shape->_insert_into( $self, $row, $column, @offsets );
}

sub set_vba_name {
    my ( $self, $name ) = @_;
    return $self->_op( set_vba_name => defined $name ? _text($name) : () );
}

# --- tables, filters, sparklines ----------------------------------------------------------------------------------

sub _asked {
    my ( $self, $method, @args ) = @_;
    my $result = $self->{_stream}->ask( $method, $self->{_number}, @args );
    return $result;
}

# XlsxWriter has one number less for what is wrong.
sub _shifted { my ($result) = @_; return $result < 0 ? $result - 1 : $result }

sub add_table {
    my ( $self, @args ) = @_;
    my ( $row1, $column1, $row2, $column2, $options ) = $self->_range(@args);
    if ( !defined $column2 ) { Carp::carp('Not enough parameters to add_table()'); return -1 }
    if ( $self->{_optimization} ) {
        Carp::carp("add_table() isn't supported when set_optimization() is on");
        return -1;
    }
    return -2 if $self->_outside( $row1, $column1, $row2, $column2 );
    my %said = %{ $options || {} };
    if ( defined $said{name} && $said{name} !~ /\A[\w\\][\w\\.]*\z/ ) {
        Carp::carp( ( $said{name} =~ /\s/ ? 'Name ' : 'Invalid characters in name ' ) . "'$said{name}' in add_table()" );
        return -3;
    }
    $said{columns} = [ map { _column_of_table($_) } @{ $said{columns} } ] if ref $said{columns} eq 'ARRAY';
    my $result = $self->_asked( add_table => $row1, $column1, $row2, $column2, \%said );
    return _shifted($result);
}

# Functions of total rows may be written as Excel writes them.
my %FUNCTION = ( ( map { $_ => $_ } qw(average count max min sum var) ), countnums => 'count_nums', stddev => 'std_dev' );

sub _column_of_table {
    my ($column) = @_;
    my $function = ref $column eq 'HASH' ? $column->{total_function} : undef;
    return $column if !defined $function;
    ( my $plain = lc $function ) =~ s/[_\s]//g;
    return { %$column, total_function => $FUNCTION{$plain} || $function };
}

sub autofilter {
    my ( $self, @args ) = @_;
    my ( $row1, $column1, $row2, $column2 ) = $self->_range(@args);
    return if !defined $column2;
    ( $row1, $row2 ) = ( $row2, $row1 ) if $row2 < $row1;
    ( $column1, $column2 ) = ( $column2, $column1 ) if $column2 < $column1;
    $self->{_filtered} = [ $column1, $column2 ];
    return $self->_op( autofilter => $row1, $column1, $row2, $column2 );
}

sub filter_column {
    my ( $self, $column, $expression ) = @_;
    $column = $self->_filtered( $column, 'filter_column' );
    Carp::croak('Incorrect number of arguments to filter_column()') if !defined $expression;
    return $self->_op( filter_column => $column, _text($expression) );
}

sub filter_column_list {
    my ( $self, $column, @values ) = @_;
    $column = $self->_filtered( $column, 'filter_column_list' );
    Carp::croak('Incorrect number of arguments to filter_column_list()') if !@values;
    return $self->_op( filter_column_list => $column, [ map { _text($_) } @values ] );
}

# The number of a column that the filter is on.
sub _filtered {
    my ( $self, $column, $method ) = @_;
    my $range = $self->{_filtered} or Carp::croak("Must call autofilter() before $method()");
    my $number = $column =~ /\A[A-Za-z]+\z/ ? ( $self->_numbered("${column}1") )[1] : $column;
    Carp::croak("Column '$column' outside autofilter() column range ($range->[0] .. $range->[1])")
      if $number < $range->[0] || $number > $range->[1];
    return 0 + $number;
}

sub add_sparkline {
    my ( $self, $options ) = @_;
    my %said = %$options;
    my $places = delete $said{location};
    my $ranges = delete $said{range};
    if ( !defined $places ) { Carp::carp(q(Parameter 'location' is required in add_sparkline())); return -2 }
    if ( !defined $ranges ) { Carp::carp(q(Parameter 'range' is required in add_sparkline()));    return -2 }
    my @places = ref $places ? @$places : $places;
    my @ranges = ref $ranges ? @$ranges : $ranges;
    if ( @places != @ranges ) {
        Carp::carp(q(Must have the same number of location and range parameters in add_sparkline()));
        return -2;
    }
    $said{location} = [ map { _text($_) } @places ];
    $said{range}    = [ map { _text($_) } @ranges ];
    my ( $row, $column ) = $self->_numbered( $places[0] );
    return _shifted( $self->_asked( add_sparkline => $row, $column, \%said ) );
}

# --- rules --------------------------------------------------------------------------------------------------------

# Dates of ISO 8601 among options, as numbers.
sub _dated {
    my ( $self, $options, $method ) = @_;
    for my $name (qw(value minimum maximum source)) {
        my $text = $options->{$name};
        next if !defined $text || ref $text || $text !~ /T/ || $text =~ /\A=/;
        my $number = CPANBridge::Compat::Excel::Dates::number( $text, $self->{_date_1904} );
        if ( !defined $number ) { Carp::carp("Invalid date/time value '$text' in $method()"); return 0 }
        $options->{$name} = $number;
    }
    return 1;
}

sub data_validation {
    my ( $self, @args ) = @_;
    my ( $row1, $column1, $row2, $column2, $options ) = $self->_numbered(@args);
    if ( ref $row2 )                                       { ( $row2, $column2, $options ) = ( $row1, $column1, $row2 ) }
    if ( !defined $column2 || @args < 2 ) { return -1 }
    return -2 if $self->_outside( $row1, $column1, $row2, $column2 );
    if ( ref $options ne 'HASH' ) { Carp::carp('Last parameter to data_validation() must be a hash ref'); return -3 }
    ( $row1, $row2 ) = ( $row2, $row1 ) if $row1 > $row2;
    ( $column1, $column2 ) = ( $column2, $column1 ) if $column1 > $column2;
    my %said = %$options;
    for my $name (qw(validate criteria error_type)) {
        $said{$name} = lc $said{$name} if defined $said{$name};
    }
    if ( ( $said{validate} // '' ) =~ /\A(?:date|time)\z/ ) { return -3 if !$self->_dated( \%said, 'data_validation' ) }
    return _shifted( $self->_asked( data_validation => $row1, $column1, $row2, $column2, \%said ) );
}

sub conditional_formatting {
    my ( $self, @args ) = @_;
    my $several;
    if ( defined $args[0] && $args[0] =~ /\A\$?[A-Za-z]/ ) {
        if ( $args[0] =~ /,/ ) {
            $several = $args[0];
            $several =~ s/\s*,\s*/ /g;
            $several =~ s/\$//g;
            ( $args[0] ) = $args[0] =~ /\A([^,]*?)\s*,/;
        }
    }
    my ( $row1, $column1, $row2, $column2, $options ) = $self->_numbered(@args);
    if ( ref $row2 ) { ( $row2, $column2, $options ) = ( $row1, $column1, $row2 ) }
    if ( !defined $column2 || @args < 2 ) { return -1 }
    return -2 if $self->_outside( $row1, $column1, $row2, $column2 );
    if ( ref $options ne 'HASH' ) {
        Carp::carp('Last parameter to conditional_formatting() must be a hash ref');
        return -3;
    }
    my %said = %$options;
    $said{multi_range} = $several if defined $several && !defined $said{multi_range};
    $said{$_} = lc $said{$_} for grep { defined $said{$_} } qw(type);
    if ( ( $said{type} // '' ) =~ /\A(?:date|time)\z/ ) {
        return -3 if !$self->_dated( \%said, 'conditional_formatting' );
    }
    if ( ( $said{type} // '' ) eq 'cell' ) {
        for my $name (qw(value minimum maximum)) {
            my $value = $said{$name};
            next if !defined $value || $value =~ /\A(?:=|[-+]?[0-9.])|[\$!(]|\A[A-Za-z]{1,3}[0-9]+\z/;
            $said{$name} = CPANBridge::Compat::Excel::Stream::text( $value =~ /\A".*"\z/s ? $value : qq("$value") );
        }
    }
    return _shifted( $self->_asked( conditional_format => $row1, $column1, $row2, $column2, \%said ) );
}

sub ignore_errors {
    my ( $self, $options ) = @_;
    return _shifted( $self->_asked( ignore_errors => { %{ $options || {} } } ) );
}

sub protect {
    my ( $self, $password, $options ) = @_;
    return $self->_op( protect => _text( defined $password ? $password : '' ), { %{ $options || {} } } );
}

sub unprotect_range {
    my ( $self, $range, $name, $password ) = @_;
    if ( !defined $range ) { Carp::carp('The range must be defined in unprotect_range()'); return -1 }
    $self->_op( unprotect_range => _text($range), map { defined $_ ? _text($_) : undef } $name, $password );
    return 0;
}

sub set_comments_author {
    my ( $self, $author ) = @_;
    return $self->_op( set_comments_author => _text( defined $author ? $author : '' ) );
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::Excel::Objects - what lies on a worksheet

=head1 DESCRIPTION

The methods of our L<Excel::Writer::XLSX> worksheets for charts, pictures, tables, filters, sparklines, validation,
conditional formats and protection. Programs have no need of it by itself; the methods are those that the original
documents.

=head1 METHODS

=head2 insert_chart

=head2 insert_image

=head2 insert_button

=head2 insert_shape

What lies over the cells. Pictures are read by the program.

=head2 set_background

A picture behind the cells.

=head2 set_vba_name

The name in macros.

=head2 add_table

=head2 add_sparkline

Tables; small charts in cells.

=head2 autofilter

=head2 filter_column

=head2 filter_column_list

Filters.

=head2 data_validation

=head2 conditional_formatting

=head2 ignore_errors

Rules.

=head2 protect

=head2 unprotect_range

Protection.

=head2 set_comments_author

Whom comments name.

=cut
